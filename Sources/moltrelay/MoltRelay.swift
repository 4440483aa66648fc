import ArgumentParser

@main
struct MoltRelay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "moltrelay",
        abstract: "A relay for MoltSpeak agents: they connect, prove who they are, and get their messages.",
        discussion: """
            Try it without any configuration: `moltrelay serve` listens on loopback only and keeps its queue in a \
            state folder of its own.

            For a deployment, write /etc/moltrelay/config.yaml, look it over with \
            `moltrelay check-config --config /etc/moltrelay/config.yaml`, then start \
            `moltrelay serve --config /etc/moltrelay/config.yaml`.
            """,
        version: BuildIdentity.version,
        subcommands: [
            ServeCommand.self, StatusCommand.self, TopCommand.self, ConnectionsCommand.self, QueueCommand.self,
            DrainCommand.self,
            AgentCommand.self, ConfigCommand.self, ReloadCommand.self,
            ExplainCommand.self, SlowCommand.self, TraceCommand.self, LogsCommand.self, LogLevelCommand.self,
            SendCommand.self,
            ListenCommand.self, CheckConfigCommand.self, MigrateCommand.self, KeygenCommand.self, AttestCommand.self,
            VersionCommand.self,
            CompletionCommand.self, MetricsReferenceCommand.self,
        ]
    )
}
