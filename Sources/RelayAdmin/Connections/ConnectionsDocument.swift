/// What `GET /v1/connections` answers and `moltrelay connections list --json` prints. A contract: docs/admin-api.md.
public struct ConnectionsDocument: Codable, Sendable, Equatable {
    /// RFC 3339: when the answer was made.
    public var at: String
    /// How many match the question, those of the pages before not among them.
    public var matching: Int
    /// What to ask for the next page with; nil on the last.
    public var next: String?
    /// In the order asked for.
    public var connections: [Connection]

    public init(at: String, matching: Int, next: String?, connections: [Connection]) {
        (self.at, self.matching, self.next, self.connections) = (at, matching, next, connections)
    }

    public struct Connection: Codable, Sendable, Equatable {
        /// `sha256:` and 64 digits; nil before AUTH_OK.
        public var agent: String?
        /// `address:port`, an IPv6 address in brackets.
        public var address: String?
        public var session: String?
        /// `handshake`, `open`, `draining` or `closing`.
        public var state: String
        /// RFC 3339.
        public var since: String
        public var seconds: Double
        public var eventLoop: Int
        public var outboxBytes: Int
        /// How long its socket has not taken what it was given.
        public var lagSeconds: Double
        /// For how long its outbox has been past three quarters of its bound; nil where it is not.
        public var slowSeconds: Double?
        public var messagesIn: UInt64
        public var messagesOut: UInt64
        public var bytesIn: UInt64
        public var bytesOut: UInt64
        public var extensions: [String]
        public var unheardSeconds: Double
        public var unansweredPings: Int

        enum CodingKeys: String, CodingKey {
            case agent, address, session, state, since, seconds, extensions
            case eventLoop = "event_loop"
            case outboxBytes = "outbox_bytes"
            case lagSeconds = "lag_seconds"
            case slowSeconds = "slow_seconds"
            case messagesIn = "messages_in"
            case messagesOut = "messages_out"
            case bytesIn = "bytes_in"
            case bytesOut = "bytes_out"
            case unheardSeconds = "unheard_seconds"
            case unansweredPings = "unanswered_pings"
        }

        public init(
            agent: String?,
            address: String?,
            session: String?,
            state: String,
            since: String,
            seconds: Double,
            eventLoop: Int,
            outboxBytes: Int,
            lagSeconds: Double,
            slowSeconds: Double?,
            messagesIn: UInt64,
            messagesOut: UInt64,
            bytesIn: UInt64,
            bytesOut: UInt64,
            extensions: [String],
            unheardSeconds: Double,
            unansweredPings: Int
        ) {
            (self.agent, self.address, self.session, self.state) = (agent, address, session, state)
            (self.since, self.seconds, self.eventLoop) = (since, seconds, eventLoop)
            (self.outboxBytes, self.lagSeconds, self.slowSeconds) = (outboxBytes, lagSeconds, slowSeconds)
            (self.messagesIn, self.messagesOut) = (messagesIn, messagesOut)
            (self.bytesIn, self.bytesOut) = (bytesIn, bytesOut)
            (self.extensions, self.unheardSeconds) = (extensions, unheardSeconds)
            self.unansweredPings = unansweredPings
        }
    }
}

/// What `POST /v1/connections/close` takes: at least one of the first three.
public struct CloseOrder: Codable, Sendable, Equatable {
    /// `sha256:` and 16 to 64 digits of the agent's hash.
    public var agent: String?
    public var session: String?
    /// An IP address or a network.
    public var address: String?
    /// Told to the agents in GOAWAY; nil: their own back-off.
    public var reconnectAfterMilliseconds: UInt64?

    enum CodingKeys: String, CodingKey {
        case agent, session, address
        case reconnectAfterMilliseconds = "reconnect_after_ms"
    }

    public init(agent: String?, session: String?, address: String?, reconnectAfterMilliseconds: UInt64?) {
        (self.agent, self.session, self.address) = (agent, session, address)
        self.reconnectAfterMilliseconds = reconnectAfterMilliseconds
    }
}

public struct ClosedDocument: Codable, Sendable, Equatable {
    /// Connections that were told to go.
    public var closed: Int

    public init(closed: Int) { self.closed = closed }
}
