public import NIOCore
import NIOHTTP1
public import NIOPosix

/// What `GET /v1/agents/<hash>` answers, and every order about an agent. A contract: docs/admin-api.md.
public struct AgentDocument: Codable, Sendable, Equatable {
    public struct Block: Codable, Sendable, Equatable {
        /// RFC 3339.
        public var since: String
        public var reason: String?

        public init(since: String, reason: String?) { (self.since, self.reason) = (since, reason) }
    }

    public struct Pin: Codable, Sendable, Equatable {
        /// `ed25519:` and base64.
        public var key: String
        /// Whose attestation holds the id; nil for the agent's own claim.
        public var org: String?

        public init(key: String, org: String?) { (self.key, self.org) = (key, org) }
    }

    /// `sha256:` and 64 digits.
    public var agent: String
    /// nil where it may connect.
    public var blocked: Block?
    /// nil where the next claim stands.
    public var pinned: Pin?
    public var queuedMessages: Int
    public var oldestAgeSeconds: Double?
    public var connections: [ConnectionsDocument.Connection]

    enum CodingKeys: String, CodingKey {
        case agent, blocked, pinned, connections
        case queuedMessages = "queued_messages"
        case oldestAgeSeconds = "oldest_age_seconds"
    }

    public init(
        agent: String,
        blocked: Block?,
        pinned: Pin?,
        queuedMessages: Int,
        oldestAgeSeconds: Double?,
        connections: [ConnectionsDocument.Connection]
    ) {
        (self.agent, self.blocked, self.pinned) = (agent, blocked, pinned)
        (self.queuedMessages, self.oldestAgeSeconds) = (queuedMessages, oldestAgeSeconds)
        self.connections = connections
    }
}

/// What `POST /v1/agents/block`, `unblock` and `unpin` take.
public struct AgentOrder: Codable, Sendable, Equatable {
    /// `sha256:` and 16 to 64 digits of the agent's hash.
    public var agent: String
    /// Of a block, for whoever reads it later.
    public var reason: String?

    public init(agent: String, reason: String? = nil) { (self.agent, self.reason) = (agent, reason) }
}

extension AdminRoute {
    public static let agentsPath = "/v1/agents/"
    public static let blockPath = "/v1/agents/block"
    public static let unblockPath = "/v1/agents/unblock"
    public static let unpinPath = "/v1/agents/unpin"

    /// - Parameter find: of the agent that the end of the path names.
    public static func agent(
        on workers: NIOThreadPool,
        find: @escaping @Sendable (String, any EventLoop) -> EventLoopFuture<AgentDocument>
    ) -> AdminRoute {
        .document(on: workers) { request, loop in find(String(request.path.dropFirst(agentsPath.count)), loop) }
    }
}

extension AdminClient {
    public func agent(_ hash: String) throws(AdminClientError) -> String { try get(AdminRoute.agentsPath + hash) }

    public func order(_ path: String, _ order: AgentOrder) throws(AdminClientError) -> String {
        try post(path, order)
    }
}
