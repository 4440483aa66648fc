/// What `GET /v1/drain` answers and `moltrelay drain --json` prints. A contract: docs/admin-api.md.
public struct DrainDocument: Codable, Sendable, Equatable {
    public enum State: String, Codable, Sendable {
        case running, waiting, draining, drained
    }

    public var state: State
    /// RFC 3339.
    public var since: String
    /// Until the state ends at the latest.
    public var secondsLeft: Double?
    public var connections: Int
    /// Messages that are neither settled nor in the store.
    public var inFlight: Int
    public var outboxBytes: Int
    /// Of a drain that is over: everything under way ended in time.
    public var complete: Bool?

    enum CodingKeys: String, CodingKey {
        case state, since, connections, complete
        case secondsLeft = "seconds_left"
        case inFlight = "in_flight"
        case outboxBytes = "outbox_bytes"
    }

    public init(
        state: State,
        since: String,
        secondsLeft: Double?,
        connections: Int,
        inFlight: Int,
        outboxBytes: Int,
        complete: Bool?
    ) {
        (self.state, self.since, self.secondsLeft) = (state, since, secondsLeft)
        (self.connections, self.inFlight, self.outboxBytes) = (connections, inFlight, outboxBytes)
        self.complete = complete
    }
}

/// What `POST /v1/drain` takes.
public struct DrainOrder: Codable, Sendable, Equatable {
    /// Told to agents in GOAWAY, with as much again of jitter; nil: `server.drain.reconnect_after_ms`.
    public var reconnectAfterMilliseconds: Int?
    /// Do not wait for load balancers to look away.
    public var now: Bool?
    /// The process ends afterwards.
    public var exit: Bool?

    enum CodingKeys: String, CodingKey {
        case now, exit
        case reconnectAfterMilliseconds = "reconnect_after_ms"
    }

    public init(reconnectAfterMilliseconds: Int?, now: Bool?, exit: Bool?) {
        (self.reconnectAfterMilliseconds, self.now, self.exit) = (reconnectAfterMilliseconds, now, exit)
    }
}

/// What `POST /v1/drain/resume` takes.
public struct ResumeOrder: Codable, Sendable, Equatable {
    public init() {}
}

extension AdminRoute {
    public static let drainPath = "/v1/drain"
    public static let resumePath = "/v1/drain/resume"
}

extension AdminClient {
    public func drainState() throws(AdminClientError) -> String { try get(AdminRoute.drainPath) }

    public func drain(_ order: DrainOrder) throws(AdminClientError) -> String {
        try post(AdminRoute.drainPath, order)
    }

    public func resume() throws(AdminClientError) -> String { try post(AdminRoute.resumePath, ResumeOrder()) }
}
