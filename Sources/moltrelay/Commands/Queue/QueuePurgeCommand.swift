import ArgumentParser
import Foundation
import RelayAdmin

struct QueuePurgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Drop everything that is queued for an agent.",
        discussion: """
            Their senders were told that these messages are safe, and are told nothing now: \
            moltrelay_messages_dropped_total{reason="purged"} counts them. `moltrelay queue export` keeps a copy.

            Exit codes: 0 done, 1 not confirmed, 64 wrong usage, 69 no relay answered, or it refused.

            Examples:
              moltrelay queue purge agent-7
              moltrelay queue purge sha256:81b637d8fcd2c6da --yes
            """
    )

    @OptionGroup var relay: AskedRelay

    @Flag(help: "Do not ask.")
    var yes = false

    @Flag(help: "Print one JSON object, as docs/admin-api.md describes it.")
    var json = false

    @Argument(help: ArgumentHelp(stringLiteral: AgentName.help))
    var agent: AgentName

    func run() throws {
        if !yes { try Confirmation.ask("Drop everything that is queued for \(agent.text)?") }
        let order = PurgeOrder(agent: agent.forRelay)
        let (answer, document) = try relay.ask(as: "queue purge", within: QueueCommand.patience) {
            client throws(AdminClientError) in
            let answer = try client.purge(order)
            return (answer, try client.read(answer, as: PurgedDocument.self))
        }
        print(json ? answer : "\(counted(document.purged, "message")) dropped")
    }
}

/// What cannot be undone is asked for, where somebody is there to answer.
enum Confirmation {
    static func ask(_ question: String) throws {
        guard isatty(STDIN_FILENO) == 1 else {
            try Terminal.note("this cannot be undone: --yes says that it is meant")
            throw ExitCode(EX_USAGE)
        }
        try FileHandle.standardError.write(contentsOf: Data("\(question) [y/N] ".utf8))
        guard let answer = readLine()?.lowercased(), ["y", "yes"].contains(answer) else { throw ExitCode(1) }
    }
}
