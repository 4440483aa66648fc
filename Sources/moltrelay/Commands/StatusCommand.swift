import ArgumentParser
import RelayAdmin

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Tell how the relay on this machine is doing.",
        discussion: """
            Asks through the relay's admin socket, which only its user and root may open. Where that lies is found as \
            `serve` finds it: from --config, --state-directory and the environment.

            Exit codes: 0 a relay answered, 64 wrong usage, 69 none did.

            Examples:
              moltrelay status
              moltrelay status --config /etc/moltrelay/config.yaml
              moltrelay status --json | jq .health.ready
            """
    )

    @OptionGroup var relay: AskedRelay

    @Flag(help: "Print one JSON object, as docs/cli-json.md describes it.")
    var json = false

    func run() throws {
        let text = try relay.ask(as: "status") { client throws(AdminClientError) in
            json ? try client.statusJSON() : StatusTable(try client.status()).text
        }
        print(text)
    }
}
