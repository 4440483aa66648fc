import ArgumentParser
import RelayAdmin

struct LogLevelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-level",
        abstract: "Tell what the relay on this machine logs, or change that for a while.",
        discussion: """
            A level set here is every logger's, and ends by itself: after --for, the relay logs what its configuration \
            says. SIGHUP does not end it; it changes what the relay goes back to. What was set is told in the log.

            Exit codes: 0 done, 64 wrong usage, 69 no relay answered, or it refused.

            Examples:
              moltrelay log-level
              moltrelay log-level debug --for 10m
              moltrelay log-level reset
            """
    )

    enum Order: String, ExpressibleByArgument, CaseIterable {
        case debug, info, warn, error, reset
    }

    @OptionGroup var relay: AskedRelay

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long: a number and s, m, h or d. 10m where it is not given.", valueName: "duration")
    )
    var span: Span?

    @Flag(help: "Print one JSON object, as docs/cli-json.md describes it.")
    var json = false

    @Argument(help: ArgumentHelp("The level, or reset: back to the configured one now.", valueName: "level"))
    var order: Order?

    func run() throws {
        let text = try relay.ask(as: "log-level") { client throws(AdminClientError) in
            let answer = try ask(client)
            return json ? answer : Self.text(try client.read(answer))
        }
        print(text)
    }

    func validate() throws {
        guard span != nil, order == nil || order == .reset else { return }
        throw ValidationError("--for needs a level: moltrelay log-level debug --for 10m.")
    }

    private func ask(_ client: AdminClient) throws(AdminClientError) -> String {
        switch order {
        case nil: try client.logLevel()
        case .reset: try client.setLogLevel(LogLevelOrder(level: nil, forSeconds: nil))
        case let level?:
            try client.setLogLevel(
                LogLevelOrder(level: level.rawValue, forSeconds: (span ?? Span(seconds: 600)).seconds)
            )
        }
    }

    private static func text(_ document: LogLevelDocument) -> String {
        guard let until = document.until else { return document.level }
        return "\(document.level) until \(until), then \(document.configured)"
    }
}
