import ArgumentParser
import Identity
import RelayAdmin
import WireProtocol

struct TraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Trace every message from and to an agent for a while, or list whose are.",
        discussion: """
            The relay on this machine then keeps the traces of the agent's messages whatever tracing.jaeger.sample_rate \
            says, up to tracing.traces_per_second. It ends by itself; moltrelay_traces_forced_agents shows it meanwhile.

            Exit codes: 0 done, 64 wrong usage, 69 no relay answered, or it refused.

            Examples:
              moltrelay trace
              moltrelay trace agent-7 --for 10m
              moltrelay trace sha256:81b637d8fcd2c6da
              moltrelay trace agent-7 --stop
            """
    )

    @OptionGroup var relay: AskedRelay

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long: a number and s, m or h. 10m where it is not given.", valueName: "duration")
    )
    var span: Span?

    @Flag(help: "Trace the agent no longer.")
    var stop = false

    @Flag(help: "Print one JSON object, as docs/cli-json.md describes it.")
    var json = false

    @Argument(
        help: ArgumentHelp(
            "The agent's id, or sha256: and 16 or more digits of its hash, as traces have them.",
            valueName: "agent"
        )
    )
    var agent: String?

    func validate() throws {
        if agent == nil, stop || span != nil {
            throw ValidationError("Name the agent: moltrelay trace agent-7 --for 10m.")
        }
        if stop, span != nil { throw ValidationError("--stop ends it now; --for says when it ends.") }
        if let agent, agent.hasPrefix("sha256:"), AgentPrefix(agent) == nil {
            throw ValidationError("'\(agent)' is no hash: sha256: and 16 to 64 hexadecimal digits.")
        }
    }

    func run() throws {
        let text = try relay.ask(as: "trace") { client throws(AdminClientError) in
            let answer = try ask(client)
            return json ? answer : Self.text(try client.read(answer))
        }
        print(text)
    }

    private func ask(_ client: AdminClient) throws(AdminClientError) -> String {
        guard let agent else { return try client.tracedAgents() }
        let prefix = AgentPrefix(agent) ?? AgentPrefix(AgentHash(agentID: agent))
        let seconds = (span ?? Span(seconds: 600)).seconds
        return try client.trace(TraceOrder(agent: prefix.description, forSeconds: stop ? nil : seconds))
    }

    private static func text(_ document: TracedAgentsDocument) -> String {
        guard !document.agents.isEmpty else { return "no agent is traced" }
        return document.agents.map { "\($0.agent) until \($0.until)" }.joined(separator: "\n")
    }
}
