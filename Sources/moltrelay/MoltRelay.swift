import ArgumentParser

@main
struct MoltRelay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "moltrelay",
        abstract: "A relay for MoltSpeak agents.",
        subcommands: [VersionCommand.self]
    )
}
