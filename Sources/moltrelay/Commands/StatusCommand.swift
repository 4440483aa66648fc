import ArgumentParser
import Foundation
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

    @OptionGroup var source: ConfigurationSource

    @Option(
        help: ArgumentHelp("The admin socket, where it cannot be found.", valueName: "path"),
        completion: .file()
    )
    var socket: String?

    @Flag(help: "Print one JSON object, as docs/cli-json.md describes it.")
    var json = false

    func run() throws {
        let client = AdminClient(socketPath: socket ?? source.load().configuration.admin.socket)
        do {
            print(json ? try client.statusJSON() : StatusTable(try client.status()).text)
        } catch {
            try FileHandle.standardError.write(contentsOf: Data("moltrelay status: \(error)\n".utf8))
            throw ExitCode(EX_UNAVAILABLE)
        }
    }
}
