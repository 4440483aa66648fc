import ArgumentParser

struct QueueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Tell what waits in the queue of the relay on this machine, empty it, take it out or put it back.",
        subcommands: [
            QueueStatusCommand.self, QueuePurgeCommand.self, QueueExportCommand.self, QueueImportCommand.self,
        ],
        defaultSubcommand: QueueStatusCommand.self
    )

    /// A store with much to do answers late.
    static let patience = Duration.seconds(60)
}
