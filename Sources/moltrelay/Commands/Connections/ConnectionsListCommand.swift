public import ArgumentParser
import Foundation
import RelayAdmin
public import RelayTransport

struct ConnectionsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List connections: whose, from where, how much went over them and how far behind they are.",
        discussion: """
            in and out count messages since the connection was made. outbox is what waits for its socket; lag is for how \
            long the socket has not taken what it was given; heard is how long ago the agent was heard, with the PINGs \
            that it has not answered. A connection is slow while its outbox is over three quarters full.

            Addresses are the real ones, so that a client can be found and kept out; logs have only hashes of them.

            Exit codes: 0 the relay answered, 64 wrong usage, 69 no relay answered.

            Examples:
              moltrelay connections list
              moltrelay connections list --sort outbox --limit 10 --watch
              moltrelay connections list --agent agent-7 --wide
              moltrelay connections list --address 203.0.113.0/24 --json | jq -r '.connections[].session'
            """
    )

    @OptionGroup var relay: AskedRelay

    @Option(help: ArgumentHelp("Only of this agent: its id, or sha256: and digits of its hash.", valueName: "agent"))
    var agent: AgentName?

    @Option(help: ArgumentHelp("Only from this IP address or network.", valueName: "address"))
    var address: String?

    @Flag(help: "Only those whose outbox is over three quarters full.")
    var slow = false

    @Option(help: "What the first of them has most of; since: the oldest first.")
    var sort = ConnectionQuery.Order.since

    @Option(help: ArgumentHelp("How many at most; 0 for all.", valueName: "number"))
    var limit = 100

    @Flag(help: "With whole hashes, bytes and extensions.")
    var wide = false

    @OptionGroup var watching: Watching

    @Flag(help: "Print one JSON object, as docs/admin-api.md describes it.")
    var json = false

    func validate() throws {
        if limit < 0 { throw ValidationError("--limit is a number of connections, or 0 for all.") }
        try checkAddress(address)
    }

    func run() throws {
        try watching.every {
            let document = try relay.ask(as: "connections list") { client throws(AdminClientError) in
                try pages(client)
            }
            return json ? try jsonLine(document) : ConnectionsTable(document: document, isWide: wide).text
        }
    }

    /// As many pages as it takes, made one.
    private func pages(_ client: AdminClient) throws(AdminClientError) -> ConnectionsDocument {
        let limit = limit == 0 ? Int.max : limit
        var question = ConnectionsQuestion(
            agent: agent?.prefix.description,
            address: address,
            slow: slow,
            sort: sort.rawValue
        )
        question.limit = min(limit, ConnectionsQuestion.maxLimit)
        var document = try client.read(client.connectionsJSON(question), as: ConnectionsDocument.self)
        while let next = document.next, document.connections.count < limit {
            question.after = next
            question.limit = min(limit - document.connections.count, ConnectionsQuestion.maxLimit)
            let page = try client.read(client.connectionsJSON(question), as: ConnectionsDocument.self)
            document.connections += page.connections
            document.next = page.next
        }
        return document
    }
}

extension ConnectionQuery.Order: ExpressibleByArgument {}
