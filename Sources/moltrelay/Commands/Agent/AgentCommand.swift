import ArgumentParser
import RelayAdmin

struct AgentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "Tell what the relay on this machine knows of an agent, keep it out, let it in, or free its id.",
        subcommands: [
            AgentShowCommand.self, AgentBlockCommand.self, AgentUnblockCommand.self, AgentUnpinCommand.self,
        ]
    )
}

/// What each of them takes.
struct AgentArguments: ParsableArguments {
    @OptionGroup var relay: AskedRelay

    @Flag(help: "Print one JSON object, as docs/admin-api.md describes it.")
    var json = false

    @Argument(help: ArgumentHelp(stringLiteral: AgentName.help))
    var agent: AgentName

    func carryOut(_ path: String, as command: String, reason: String? = nil) throws {
        let order = AgentOrder(agent: agent.forRelay, reason: reason)
        try tell(as: command) { client throws(AdminClientError) in try client.order(path, order) }
    }

    func tell(as command: String, _ ask: (AdminClient) throws(AdminClientError) -> String) throws {
        let text = try relay.ask(as: command) { client throws(AdminClientError) in
            let answer = try ask(client)
            return json ? answer : AgentReport(agent: try client.read(answer)).text
        }
        print(text)
    }
}

struct AgentShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Tell whether an agent may connect, with which key, what waits for it and over what it is connected."
    )

    @OptionGroup var arguments: AgentArguments

    func run() throws {
        try arguments.tell(as: "agent show") { client throws(AdminClientError) in
            try client.agent(arguments.agent.forRelay)
        }
    }
}

struct AgentBlockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "block",
        abstract:
            "Keep an agent out, over restarts too: its connections are closed, and AUTH is answered AUTH_BLOCKED.",
        discussion: "Messages for it are queued all the same; `moltrelay queue purge` drops them."
    )

    @OptionGroup var arguments: AgentArguments

    @Option(help: "For whoever reads it later.")
    var reason: String?

    func run() throws { try arguments.carryOut(AdminRoute.blockPath, as: "agent block", reason: reason) }
}

struct AgentUnblockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "unblock", abstract: "Let an agent in again.")

    @OptionGroup var arguments: AgentArguments

    func run() throws { try arguments.carryOut(AdminRoute.unblockPath, as: "agent unblock") }
}

struct AgentUnpinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpin",
        abstract: "Forget which key an agent's id is pinned to, where that key is lost.",
        discussion: """
            The next agent that claims the id has it, whoever that is: let the right one connect at once. Its queue is then \
            that agent's.
            """
    )

    @OptionGroup var arguments: AgentArguments

    @Flag(help: "Do not ask.")
    var yes = false

    func run() throws {
        if !yes { try Confirmation.ask("Let the next one that claims \(arguments.agent.text) have it?") }
        try arguments.carryOut(AdminRoute.unpinPath, as: "agent unpin")
    }
}

/// An agent for people. Scripts use the JSON; this may change from version to version.
struct AgentReport {
    let agent: AgentDocument

    var text: String {
        let rows = [
            ("agent", agent.agent), ("may connect", blocked), ("pinned to", pinned), ("queued", queued),
            ("connections", "\(agent.connections.count)"),
        ]
        let lines = rows.map { $0 + String(repeating: " ", count: 13 - $0.count) + $1 }
        guard !agent.connections.isEmpty else { return lines.joined(separator: "\n") }
        let page = ConnectionsDocument(
            at: "",
            matching: agent.connections.count,
            next: nil,
            connections: agent.connections
        )
        return lines.joined(separator: "\n") + "\n\n" + ConnectionsTable(document: page, isWide: false).rows
    }

    private var blocked: String {
        guard let block = agent.blocked else { return "yes" }
        let reason = block.reason.map { ": " + Terminal.harmless($0) } ?? ""
        return "no, blocked since \(plainTime(block.since)) UTC\(reason)"
    }

    private var pinned: String {
        guard let pin = agent.pinned else { return "no key" }
        return pin.key + (pin.org.map { ", of \(Terminal.harmless($0))" } ?? "")
    }

    private var queued: String {
        let oldest = agent.oldestAgeSeconds.map { ", the oldest for \(elapsed($0))" } ?? ""
        return counted(agent.queuedMessages, "message") + oldest
    }
}
