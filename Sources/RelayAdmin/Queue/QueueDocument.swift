/// What `GET /v1/queue` answers and `moltrelay queue status --json` prints. A contract: docs/admin-api.md.
public struct QueueDocument: Codable, Sendable, Equatable {
    /// RFC 3339.
    public var at: String
    /// `sqlite`, `memory`, ...
    public var store: String
    public var messages: Int
    public var bytes: Int
    public var oldestAgeSeconds: Double?
    /// `queue.max_total_size_bytes`.
    public var maxBytes: Int
    /// `queue.max_messages_per_agent`.
    public var maxMessagesPerAgent: Int
    /// Agents with something queued.
    public var agents: Int
    /// Of those the first, in the order asked for.
    public var queues: [Queue]

    enum CodingKeys: String, CodingKey {
        case at, store, messages, bytes, agents, queues
        case oldestAgeSeconds = "oldest_age_seconds"
        case maxBytes = "max_bytes"
        case maxMessagesPerAgent = "max_messages_per_agent"
    }

    public init(
        at: String,
        store: String,
        messages: Int,
        bytes: Int,
        oldestAgeSeconds: Double?,
        maxBytes: Int,
        maxMessagesPerAgent: Int,
        agents: Int,
        queues: [Queue]
    ) {
        (self.at, self.store, self.messages, self.bytes) = (at, store, messages, bytes)
        (self.oldestAgeSeconds, self.maxBytes) = (oldestAgeSeconds, maxBytes)
        (self.maxMessagesPerAgent, self.agents, self.queues) = (maxMessagesPerAgent, agents, queues)
    }

    public struct Queue: Codable, Sendable, Equatable {
        public var agent: String
        public var connected: Bool
        public var messages: Int
        public var bytes: Int
        public var oldestAgeSeconds: Double?

        enum CodingKeys: String, CodingKey {
            case agent, connected, messages, bytes
            case oldestAgeSeconds = "oldest_age_seconds"
        }

        public init(agent: String, connected: Bool, messages: Int, bytes: Int, oldestAgeSeconds: Double?) {
            (self.agent, self.connected, self.messages) = (agent, connected, messages)
            (self.bytes, self.oldestAgeSeconds) = (bytes, oldestAgeSeconds)
        }
    }
}

/// What `POST /v1/queue/purge` takes.
public struct PurgeOrder: Codable, Sendable, Equatable {
    /// `sha256:` and 16 to 64 digits of the agent's hash.
    public var agent: String

    public init(agent: String) { self.agent = agent }
}

public struct PurgedDocument: Codable, Sendable, Equatable {
    /// `sha256:` and 64 digits.
    public var agent: String
    /// Messages that were dropped.
    public var purged: Int

    public init(agent: String, purged: Int) { (self.agent, self.purged) = (agent, purged) }
}
