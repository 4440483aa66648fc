import Telemetry

/// `/health/detailed`. A contract: docs/cli-json.md.
struct HealthDocument: Encodable {
    struct Check: Encodable {
        var name: String
        var tiers: [String]
        var status: String
        var since: String
        var reason: String?
        var lastError: String?
        var lastErrorAt: String?
        var lastReportAt: String?
        var latencySeconds: Double?
        var observedValue: Double?
        var observedUnit: String?
        var turns: UInt64

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

    struct Latch: Encodable {
        var name: String
        var held: Bool
        var since: String
        var reason: String?
    }

    /// `fail` where a tier fails, `warn` where any check is not well.
    var status: String
    var tiers: [String: Bool]
    var latches: [Latch]
    var checks: [Check]

    init(_ snapshot: HealthSnapshot, _ time: ClockPair) {
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
    init(of snapshot: HealthSnapshot) {
        self.init(monotonic: snapshot.time, wallClock: WallClock.unixNanoseconds())
    }
}
