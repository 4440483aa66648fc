/// What `GET /v1/status` answers and `moltrelay status --json` prints. A contract: docs/cli-json.md. Members are added,
/// never renamed; a reader ignores those it does not know.
public struct StatusDocument: Codable, Sendable, Equatable {
    public enum State: String, Codable, Sendable {
        case starting, running, draining, drained
    }

    public var version: String
    public var relayID: String?
    public var processID: Int32
    public var state: State
    /// RFC 3339.
    public var startedAt: String
    public var uptimeSeconds: Double
    public var listeners: [Listener]
    public var connections: Connections
    public var messages: Messages
    public var queue: Queue
    public var store: Store
    public var health: Health
    public var eventLoops: [EventLoop]

    enum CodingKeys: String, CodingKey {
        case version, state, listeners, connections, messages, queue, store, health
        case relayID = "relay_id"
        case processID = "process_id"
        case startedAt = "started_at"
        case uptimeSeconds = "uptime_seconds"
        case eventLoops = "event_loops"
    }

    public init(
        version: String,
        relayID: String?,
        processID: Int32,
        state: State,
        startedAt: String,
        uptimeSeconds: Double,
        listeners: [Listener],
        connections: Connections,
        messages: Messages,
        queue: Queue,
        store: Store,
        health: Health,
        eventLoops: [EventLoop]
    ) {
        self.version = version
        self.relayID = relayID
        self.processID = processID
        self.state = state
        self.startedAt = startedAt
        self.uptimeSeconds = uptimeSeconds
        self.listeners = listeners
        self.connections = connections
        self.messages = messages
        self.queue = queue
        self.store = store
        self.health = health
        self.eventLoops = eventLoops
    }
}
