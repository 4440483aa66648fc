extension StatusDocument {
    public struct Listener: Codable, Sendable, Equatable {
        /// `websocket`, `http`, `metrics` or `admin`.
        public var name: String
        /// `host:port` with the real port, or a path.
        public var address: String
        public var tls: Bool

        public init(name: String, address: String, tls: Bool) {
            self.name = name
            self.address = address
            self.tls = tls
        }
    }

    public struct Connections: Codable, Sendable, Equatable {
        public var active: Int
        public var authenticated: Int
        /// Since the start.
        public var opened: UInt64

        public init(active: Int, authenticated: Int, opened: UInt64) {
            self.active = active
            self.authenticated = authenticated
            self.opened = opened
        }
    }

    /// Since the start, but `inFlight`, which is now.
    public struct Messages: Codable, Sendable, Equatable {
        public var accepted: UInt64
        /// Found in the store at the start.
        public var recovered: UInt64
        public var delivered: UInt64
        public var expired: UInt64
        public var dropped: UInt64
        public var inFlight: Int

        enum CodingKeys: String, CodingKey {
            case accepted, recovered, delivered, expired, dropped
            case inFlight = "in_flight"
        }

        public init(
            accepted: UInt64,
            recovered: UInt64,
            delivered: UInt64,
            expired: UInt64,
            dropped: UInt64,
            inFlight: Int
        ) {
            self.accepted = accepted
            self.recovered = recovered
            self.delivered = delivered
            self.expired = expired
            self.dropped = dropped
            self.inFlight = inFlight
        }
    }

    public struct Queue: Codable, Sendable, Equatable {
        public var messages: Int
        public var bytes: Int
        /// nil where nothing is queued.
        public var oldestAgeSeconds: Double?

        enum CodingKeys: String, CodingKey {
            case messages, bytes
            case oldestAgeSeconds = "oldest_age_seconds"
        }

        public init(messages: Int, bytes: Int, oldestAgeSeconds: Double?) {
            self.messages = messages
            self.bytes = bytes
            self.oldestAgeSeconds = oldestAgeSeconds
        }
    }

    public struct Store: Codable, Sendable, Equatable {
        /// `sqlite`, `memory`, ...
        public var kind: String
        public var healthy: Bool
        /// Why it is not healthy.
        public var reason: String?

        public init(kind: String, healthy: Bool, reason: String?) {
            self.kind = kind
            self.healthy = healthy
            self.reason = reason
        }
    }

    public struct Health: Codable, Sendable, Equatable {
        public var live: Bool
        public var ready: Bool
        public var started: Bool
        /// Names of the checks and latches that readiness or liveness waits for.
        public var failing: [String]

        public init(live: Bool, ready: Bool, started: Bool, failing: [String]) {
            self.live = live
            self.ready = ready
            self.started = started
            self.failing = failing
        }
    }

    public struct EventLoop: Codable, Sendable, Equatable {
        public var index: Int
        public var connections: Int
        /// How late its timers ran last.
        public var lagSeconds: Double

        enum CodingKeys: String, CodingKey {
            case index, connections
            case lagSeconds = "lag_seconds"
        }

        public init(index: Int, connections: Int, lagSeconds: Double) {
            self.index = index
            self.connections = connections
            self.lagSeconds = lagSeconds
        }
    }
}
