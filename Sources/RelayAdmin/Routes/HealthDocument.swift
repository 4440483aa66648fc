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
        var turns: UInt64

        enum CodingKeys: String, CodingKey {
            case name, tiers, status, since, reason, turns
            case lastError = "last_error"
            case lastErrorAt = "last_error_at"
            case lastReportAt = "last_report_at"
            case latencySeconds = "latency_seconds"
        }
    }

    struct Latch: Encodable {
        var name: String
        var held: Bool
        var since: String
        var reason: String?
    }

    enum Status: String, Encodable {
        case pass, warn, fail
    }

    /// `fail` where a tier fails, `warn` where any check is not well.
    var status: Status
    var tiers: [String: Bool]
    var latches: [Latch]
    var checks: [Check]

    /// - Parameter wallClock: milliseconds since 1970 at the moment of the snapshot.
    init(_ snapshot: HealthSnapshot, wallClock: Int64) {
        let time = ClockPair(monotonic: snapshot.time, wallClock: wallClock * 1_000_000)
        let healthy = HealthTier.allCases.map { ($0.rawValue, snapshot.isHealthy($0)) }
        tiers = Dictionary(uniqueKeysWithValues: healthy)
        checks = snapshot.checks.map { Check($0, time) }
        latches = snapshot.latches.map {
            Latch(name: $0.name, held: $0.reason != nil, since: time.text($0.since), reason: $0.reason)
        }
        let isWell = snapshot.checks.allSatisfy { $0.verdict == .pass }
        status = !healthy.allSatisfy(\.1) ? .fail : isWell ? .pass : .warn
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
        turns = check.turns
    }
}
