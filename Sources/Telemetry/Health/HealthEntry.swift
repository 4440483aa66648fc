/// One check with what is known about it.
struct HealthEntry: Sendable {
    private let check: HealthCheck
    private var hysteresis: Hysteresis
    private(set) var shown: HealthSnapshot.Check
    /// When the last report counts no more; nil where that has been acted on.
    private(set) var staleAt: UInt64?

    init(_ check: HealthCheck, at time: UInt64) {
        self.check = check
        hysteresis = Hysteresis(failAfter: check.failAfter, passAfter: check.passAfter)
        shown = HealthSnapshot.Check(name: check.name, tiers: check.tiers, since: time, turns: 0)
        staleAt = Self.expiry(of: check, from: time)
    }

    mutating func reported(_ report: HealthReport, at time: UInt64) -> HealthChange? {
        staleAt = Self.expiry(of: check, from: time)
        shown.lastReport = time
        shown.latency = report.latency
        shown.observed = report.observed
        if report.verdict != .pass {
            shown.lastError = report.reason ?? report.verdict.rawValue
            shown.lastErrorAt = time
        }
        let before = hysteresis.verdict
        return hysteresis.observed(report.verdict) ? turned(from: before, at: time) : nil
    }

    /// A check whose owner says nothing is one nobody vouches for.
    mutating func wentStale(at time: UInt64) -> HealthChange? {
        staleAt = nil
        shown.lastError = "no report for \(check.maxAge / 1_000_000) ms"
        shown.lastErrorAt = time
        let before = hysteresis.verdict
        return hysteresis.turn(to: .fail) ? turned(from: before, at: time) : nil
    }

    private mutating func turned(from before: HealthVerdict?, at time: UInt64) -> HealthChange? {
        guard let verdict = hysteresis.verdict else { return nil }
        shown.verdict = verdict
        shown.since = time
        shown.turns += 1
        return .checkTurned(name: check.name, from: before, to: verdict, reason: shown.reason, at: time)
    }

    private static func expiry(of check: HealthCheck, from time: UInt64) -> UInt64 {
        let (expiry, overflow) = time.addingReportingOverflow(check.maxAge)
        return overflow ? .max : expiry
    }
}
