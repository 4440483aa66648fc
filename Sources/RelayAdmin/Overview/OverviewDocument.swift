/// What `GET /v1/overview` answers, `moltrelay top --json` prints and the page at `/ui` draws. A contract:
/// docs/cli-json.md.
public struct OverviewDocument: Codable, Sendable, Equatable {
    /// RFC 3339: when the answer was made.
    public var at: String
    public var status: StatusDocument
    public var health: HealthDocument
    public var now: Now
    public var history: History
    /// Since the start.
    public var totals: Totals
    public var outboxBytes: Int

    enum CodingKeys: String, CodingKey {
        case at, status, health, now, history, totals
        case outboxBytes = "outbox_bytes"
    }

    public init(
        at: String,
        status: StatusDocument,
        health: HealthDocument,
        now: Now,
        history: History,
        totals: Totals,
        outboxBytes: Int
    ) {
        (self.at, self.status, self.health) = (at, status, health)
        (self.now, self.history, self.totals) = (now, history, totals)
        self.outboxBytes = outboxBytes
    }

    /// Messages a second.
    public struct Rates: Codable, Sendable, Equatable {
        public var accepted, delivered, expired, dropped: Double

        public init(accepted: Double, delivered: Double, expired: Double, dropped: Double) {
            (self.accepted, self.delivered) = (accepted, delivered)
            (self.expired, self.dropped) = (expired, dropped)
        }
    }

    /// In seconds; absent where nothing was counted.
    public struct Quantiles: Codable, Sendable, Equatable {
        public var count: UInt64
        public var p50, p95, p99: Double?

        public init(count: UInt64, p50: Double?, p95: Double?, p99: Double?) {
            (self.count, self.p50, self.p95, self.p99) = (count, p50, p95, p99)
        }
    }

    /// The last ten seconds together, or as many as there were.
    public struct Now: Codable, Sendable, Equatable {
        public var seconds: Double
        public var rates: Rates
        /// From a message's arrival to its write to a recipient who was connected.
        public var latency: Quantiles
        public var stages: [Stage]

        public init(seconds: Double, rates: Rates, latency: Quantiles, stages: [Stage]) {
            (self.seconds, self.rates, self.latency, self.stages) = (seconds, rates, latency, stages)
        }
    }

    public struct Stage: Codable, Sendable, Equatable {
        /// `route`, `enqueue`, `write` or `store`.
        public var stage: String
        public var quantiles: Quantiles

        public init(stage: String, quantiles: Quantiles) {
            (self.stage, self.quantiles) = (stage, quantiles)
        }
    }

    /// Since the start.
    public struct Totals: Codable, Sendable, Equatable {
        public var slowConsumers: UInt64
        public var redeliveries: UInt64
        public var connectionErrors: UInt64
        /// By reason, those that happened.
        public var droppedByReason: [String: UInt64]

        enum CodingKeys: String, CodingKey {
            case redeliveries
            case slowConsumers = "slow_consumers"
            case connectionErrors = "connection_errors"
            case droppedByReason = "dropped_by_reason"
        }

        public init(
            slowConsumers: UInt64,
            redeliveries: UInt64,
            connectionErrors: UInt64,
            droppedByReason: [String: UInt64]
        ) {
            (self.slowConsumers, self.redeliveries) = (slowConsumers, redeliveries)
            (self.connectionErrors, self.droppedByReason) = (connectionErrors, droppedByReason)
        }
    }
}

extension OverviewDocument {
    /// A sample a second, the oldest first: five minutes, or those after the number that was asked for.
    public struct History: Codable, Sendable, Equatable {
        /// Of the last sample; 0 where there is none yet.
        public var last: UInt64
        public var accepted, delivered, expired, dropped: [Double]
        /// In seconds; null where nothing was written to a connected recipient.
        public var p50, p99: [Double?]
        public var connections, queued, inFlight: [Int]

        enum CodingKeys: String, CodingKey {
            case last, accepted, delivered, expired, dropped, p50, p99, connections, queued
            case inFlight = "in_flight"
        }

        public init(
            last: UInt64,
            rates: [Rates],
            p50: [Double?],
            p99: [Double?],
            connections: [Int],
            queued: [Int],
            inFlight: [Int]
        ) {
            self.last = last
            (accepted, delivered) = (rates.map(\.accepted), rates.map(\.delivered))
            (expired, dropped) = (rates.map(\.expired), rates.map(\.dropped))
            (self.p50, self.p99) = (p50, p99)
            (self.connections, self.queued, self.inFlight) = (connections, queued, inFlight)
        }
    }
}
