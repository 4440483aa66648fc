import ArgumentParser
import Foundation
import RelayAdmin
import WireProtocol

struct ConnectionsCloseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close",
        abstract: "Close the connections of an agent, one session, or all from an address.",
        discussion: """
            Each gets GOAWAY and is closed with 4006. What the relay has for it leaves first, for a second at most; at \
            least once messages that it has not acknowledged go to its next connection or to the queue. The agent may \
            come back: `moltrelay agent block` keeps it out.

            Exit codes: 0 closed, 1 there was no such connection, 64 wrong usage, 69 no relay answered, or it refused.

            Examples:
              moltrelay connections close agent-7
              moltrelay connections close 0b4e9a52-9c4d-4f0e-8a9d-4f3c7d1e2b60 --reconnect-delay 30s
              moltrelay connections close --address 203.0.113.0/24
            """
    )

    @OptionGroup var relay: AskedRelay

    @Option(help: ArgumentHelp("All from this IP address or network.", valueName: "address"))
    var address: String?

    @Option(help: ArgumentHelp("When the agent is told to come back; its own back-off without.", valueName: "duration"))
    var reconnectDelay: Span?

    @Flag(help: "Print one JSON object, as docs/admin-api.md describes it.")
    var json = false

    @Argument(
        help: ArgumentHelp(
            "The agent's id, sha256: and 16 or more digits of its hash, or a session as `list` has it.",
            valueName: "agent|session"
        )
    )
    var target: String?

    func validate() throws {
        guard (target == nil) != (address == nil) else {
            throw ValidationError("Name an agent or a session, or --address.")
        }
        if let target, session == nil, AgentName(argument: target) == nil {
            throw ValidationError("'\(target)' is no hash: sha256: and 16 to 64 hexadecimal digits.")
        }
        try checkAddress(address)
    }

    private var session: String? { target.flatMap { MessageID(uuid: $0)?.description } }

    func run() throws {
        let order = CloseOrder(
            agent: session == nil ? target.flatMap { AgentName(argument: $0)?.prefix.description } : nil,
            session: session,
            address: address,
            reconnectAfterMilliseconds: reconnectDelay?.milliseconds
        )
        let (answer, document) = try relay.ask(as: "connections close") { client throws(AdminClientError) in
            let answer = try client.close(order)
            return (answer, try client.read(answer, as: ClosedDocument.self))
        }
        print(
            json
                ? answer
                : document.closed == 0 ? "no such connection" : counted(document.closed, "connection") + " closed"
        )
        if document.closed == 0 { throw ExitCode(1) }
    }
}
