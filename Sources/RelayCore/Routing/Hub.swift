import WireProtocol

/// Where each connected agent is, as this event loop knows it: a replica that the agents' home loops keep up to date.
struct Hub {
    private struct Route {
        var primary: ConnectionRef
        var epoch: UInt64
    }

    private var routes: [AgentHash: Route] = [:]

    /// The connection that takes the agent's messages, on whatever loop; nil while it is away.
    func route(_ agent: AgentHash) -> ConnectionRef? { routes[agent]?.primary }

    /// Takes what a home decided; word of an earlier decision that comes later changes nothing, unless the agent was
    /// told to be away meanwhile: that leaves no epoch behind. `withdraw` ends what came too late then.
    mutating func update(_ agent: AgentHash, primary: ConnectionRef?, epoch: UInt64) {
        if let known = routes[agent], known.epoch > epoch { return }
        routes[agent] = primary.map { Route(primary: $0, epoch: epoch) }
    }

    /// The connection closed before every loop had its announcement. Its edge says so behind the announcement, which
    /// word of the home, by way of another loop, may have overtaken.
    mutating func withdraw(_ agent: AgentHash, _ connection: ConnectionRef) {
        if routes[agent]?.primary == connection { routes[agent] = nil }
    }

    /// The loop that owns an agent's at-least-once state, connected or away.
    static func home(of agent: AgentHash, loops: Int) -> Int { Int(agent.uniformBits % UInt64(loops)) }
}
