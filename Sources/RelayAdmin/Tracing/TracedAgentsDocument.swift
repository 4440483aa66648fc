/// What `GET /v1/traced-agents` answers and `moltrelay trace --json` prints. A contract: docs/cli-json.md.
public struct TracedAgentsDocument: Codable, Sendable, Equatable {
    public struct Agent: Codable, Sendable, Equatable {
        /// `sha256:` and the first 16 digits of the agent's hash.
        public var agent: String
        /// RFC 3339.
        public var until: String

        public init(agent: String, until: String) {
            self.agent = agent
            self.until = until
        }
    }

    public var agents: [Agent]
    /// So many at most.
    public var limit: Int

    public init(agents: [Agent], limit: Int) {
        self.agents = agents
        self.limit = limit
    }
}

/// What `POST /v1/traced-agents` takes.
public struct TraceOrder: Codable, Sendable, Equatable {
    /// `sha256:` and 16 to 64 digits of the agent's hash.
    public var agent: String
    /// From now on; nil: no longer.
    public var forSeconds: UInt64?

    enum CodingKeys: String, CodingKey {
        case agent
        case forSeconds = "for_seconds"
    }

    public init(agent: String, forSeconds: UInt64?) {
        self.agent = agent
        self.forSeconds = forSeconds
    }
}

extension AdminRoute {
    public static let tracedAgentsPath = "/v1/traced-agents"

    public static func tracedAgents(
        _ read: @escaping @Sendable () -> TracedAgentsDocument,
        set: @escaping @Sendable (TraceOrder) throws(AdminRefusal) -> TracedAgentsDocument
    ) -> AdminRoute {
        .document(read).and(.verb(set))
    }
}

extension AdminClient {
    public func tracedAgents() throws(AdminClientError) -> String { try get(AdminRoute.tracedAgentsPath) }

    public func trace(_ order: TraceOrder) throws(AdminClientError) -> String {
        try post(AdminRoute.tracedAgentsPath, order)
    }
}
