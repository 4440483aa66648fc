import ArgumentParser
import Foundation

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the relay.",
        discussion: """
            Without --config it listens on loopback only: WebSocket 127.0.0.1:8443 without TLS, HTTP 127.0.0.1:8080, \
            metrics 127.0.0.1:9090, and queues in SQLite in a state folder. A flag beats the environment \
            (MOLTRELAY_SERVER_LISTEN_HTTP and so on), which beats the file, which beats the default.

            SIGTERM drains and ends the relay, SIGINT drains without waiting for load balancers to notice; a second \
            signal leaves without draining. SIGHUP reopens the log file and reads the configuration again: the log level \
            and who may connect change at once, and the log names the keys that need a restart.

            Exit codes: 0 after a drain, 64 wrong usage, 78 a configuration the relay refuses.

            Examples:
              moltrelay serve
              moltrelay serve --config /etc/moltrelay/config.yaml
              moltrelay serve --listen-websocket 127.0.0.1:0 --log-format text
            """
    )

    @OptionGroup var source: ConfigurationSource

    @Option(help: ArgumentHelp("Address of the WebSocket listener; port 0 for any.", valueName: "host:port"))
    var listenWebsocket: String?

    @Option(help: ArgumentHelp("Address of the HTTP listener.", valueName: "host:port"))
    var listenHttp: String?

    @Option(help: ArgumentHelp("Address of the listener for metrics and health.", valueName: "host:port"))
    var listenMetrics: String?

    @Option(help: ArgumentHelp("debug, info, warn or error.", valueName: "level"))
    var logLevel: String?

    @Option(help: ArgumentHelp("json or text.", valueName: "format"))
    var logFormat: String?

    func run() async throws {
        let loaded = source.load(overrides: overrides)
        if !loaded.report.findings.isEmpty {
            try FileHandle.standardError.write(contentsOf: Data(loaded.report.text.utf8))
        }
        guard loaded.report.isAcceptable else { throw ExitCode(EX_CONFIG) }
        try loaded.configuration.createFolders()
        let (source, overrides) = (source, overrides)
        try await Serve.run(loaded.configuration) { source.load(overrides: overrides) }
    }

    private var overrides: [ConfigurationLoader.Override] {
        let flags = [
            ("--listen-websocket", "server.listen.websocket", listenWebsocket),
            ("--listen-http", "server.listen.http", listenHttp),
            ("--listen-metrics", "server.listen.metrics", listenMetrics),
            ("--log-level", "logging.level", logLevel),
            ("--log-format", "logging.format", logFormat),
        ]
        return flags.compactMap { flag, path, value in
            value.map { ConfigurationLoader.Override(flag: flag, path: path, value: $0) }
        }
    }
}
