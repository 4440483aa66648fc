public import Telemetry

/// `/health/detailed`. A contract: docs/cli-json.md.
public struct HealthDocument: Codable, Sendable, Equatable {
    public struct Check: Codable, Sendable, Equatable {
        public var name: String
        public var tiers: [String]
        public var status: String
        public var since: String
        public var reason: String?
        public var lastError: String?
        public var lastErrorAt: String?
        public var lastReportAt: String?
        public var latencySeconds: Double?
        public var observedValue: Double?
        public var observedUnit: String?
        public var turns: UInt64

        enum CodingKeys: String, CodingKey {
            case name, tiers, status, since, reason, turns
            case lastError = "last_error"
            case lastErrorAt = "last_error_at"
            case lastReportAt = "last_report_at"
            case latencySeconds = "latency_seconds"
            case observedValue = "observed_value"
            case observedUnit = "observed_unit"
        }
    }

    public struct Latch: Codable, Sendable, Equatable {
        public var name: String
        public var held: Bool
        public var since: String
        public var reason: String?
    }

    /// `fail` where a tier fails, `warn` where any check is not well.
    public var status: String
    public var tiers: [String: Bool]
    public var latches: [Latch]
    public var checks: [Check]

    public init(_ snapshot: HealthSnapshot, _ time: ClockPair) {
        let healthy = HealthTier.allCases.map { ($0.rawValue, snapshot.isHealthy($0)) }
        tiers = Dictionary(uniqueKeysWithValues: healthy)
        checks = snapshot.checks.map { Check($0, time) }
        latches = snapshot.latches.map {
            Latch(name: $0.name, held: $0.reason != nil, since: time.text($0.since), reason: $0.reason)
        }
        status = snapshot.worst.rawValue
    }
}

extension HealthSnapshot {
    /// Of tiers and checks together.
    var worst: HealthVerdict {
        guard HealthTier.allCases.allSatisfy({ isHealthy($0) }) else { return .fail }
        return checks.allSatisfy { $0.verdict == .pass } ? .pass : .warn
    }
}

extension HealthDocument.Check {
    fileprivate init(_ check: HealthSnapshot.Check, _ time: ClockPair) {
        name = check.name
        tiers = HealthTier.allCases.filter(check.tiers.contains).map(\.rawValue)
        status = check.verdict?.rawValue ?? "pending"
        since = time.text(check.since)
        reason = check.reason
        lastError = check.lastError
        lastErrorAt = check.lastErrorAt.map(time.text)
        lastReportAt = check.lastReport.map(time.text)
        latencySeconds = check.latency.map { Double($0) / 1e9 }
        observedValue = check.observed?.value
        observedUnit = check.observed.flatMap { $0.unit.isEmpty ? nil : $0.unit }
        turns = check.turns
    }
}

extension ClockPair {
    /// Right after it was taken.
    public init(of snapshot: HealthSnapshot) {
        self.init(monotonic: snapshot.time, wallClock: WallClock.unixNanoseconds())
    }
}
