import ArgumentParser
import RelayAdmin

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Tell which configuration the relay on this machine runs on.",
        subcommands: [ConfigShowCommand.self],
        defaultSubcommand: ConfigShowCommand.self
    )
}

struct ConfigShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print every setting of the running relay, with where its value came from; secrets are withheld.",
        discussion: """
            What the file says now, check-config --effective tells; what the relay was given by a reload and takes at its \
            next start only is told here.

            Exit codes: 0 the relay answered, 64 wrong usage, 69 no relay answered.
            """
    )

    @OptionGroup var relay: AskedRelay

    @Flag(help: "Print one JSON object, as docs/admin-api.md describes it.")
    var json = false

    func run() throws {
        let text = try relay.ask(as: "config show") { client throws(AdminClientError) in
            let answer = try client.configuration()
            return json ? answer : Self.text(try client.read(answer))
        }
        print(text)
    }

    private static func text(_ document: ConfigurationDocument) -> String {
        document.settings.map { setting in
            let pending = setting.pending.map { "; \($0) after a restart" } ?? ""
            return "\(setting.key) = \(setting.value)  # \(setting.origin)\(pending)"
        }.joined(separator: "\n")
    }
}

struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract:
            "Have the relay on this machine read its configuration again, as SIGHUP does, and tell what came of it.",
        discussion: """
            Exit codes: 0 taken, 1 refused: the configuration before stands, 64 wrong usage, 69 no relay answered.
            """
    )

    @OptionGroup var relay: AskedRelay

    @Flag(help: "Print one JSON object, as docs/admin-api.md describes it.")
    var json = false

    func run() throws {
        let (answer, document) = try relay.ask(as: "reload", within: .seconds(30)) { client throws(AdminClientError) in
            let answer = try client.reload()
            return (answer, try client.read(answer, as: ReloadDocument.self))
        }
        print(json ? answer : Self.text(document))
        if !document.taken { throw ExitCode(1) }
    }

    private static func text(_ document: ReloadDocument) -> String {
        var lines = [document.taken ? "taken" : "refused, the configuration before stands"]
        if document.taken, document.changed.isEmpty { lines[0] += ", nothing changed" }
        lines += document.changed.map { "changed: \($0)" } + document.restart.map { "needs a restart: \($0)" }
        return (lines + document.findings).joined(separator: "\n")
    }
}
