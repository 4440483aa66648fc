/// Checks and latches as a value: reports and times in, changes out.
struct HealthState: Sendable {
    private var entries: [HealthEntry] = []
    private var latches: [HealthSnapshot.Latch] = []
    private var hasStarted = false
    private var healthy: [HealthTier: Bool] = [:]
    /// The first moment at which a check goes stale: until then the answers below stand.
    private var nextExpiry = UInt64.max

    init(latches: [(name: String, reason: String)], at time: UInt64) {
        self.latches = latches.map { HealthSnapshot.Latch(name: $0.name, reason: $0.reason, since: time) }
        _ = settle(at: time)
    }

    mutating func register(_ check: HealthCheck, at time: UInt64) -> (HealthCheckID, [HealthChange]) {
        entries.append(HealthEntry(check, at: time))
        return (HealthCheckID(index: entries.count - 1), settle(at: time))
    }

    mutating func reported(_ id: HealthCheckID, _ report: HealthReport, at time: UInt64) -> [HealthChange] {
        let turned = entries[id.index].reported(report, at: time)
        return (turned.map { [$0] } ?? []) + settle(at: time)
    }

    /// Holds readiness back under that name, whether or not something held it before.
    mutating func held(_ latch: String, reason: String, at time: UInt64) -> [HealthChange] {
        let holding = HealthSnapshot.Latch(name: latch, reason: reason, since: time)
        if let index = latches.firstIndex(where: { $0.name == latch }) {
            guard latches[index].reason == nil else { return [] }
            latches[index] = holding
        } else {
            latches.append(holding)
        }
        return [.latchHeld(name: latch, reason: reason, at: time)] + settle(at: time)
    }

    mutating func released(_ latch: String, at time: UInt64) -> [HealthChange] {
        guard let index = latches.firstIndex(where: { $0.name == latch && $0.reason != nil }) else { return [] }
        latches[index] = HealthSnapshot.Latch(name: latch, reason: nil, since: time)
        return [.latchReleased(name: latch, at: time)] + settle(at: time)
    }

    /// To be called before reading. Costs one comparison as long as nothing goes stale.
    mutating func advanced(to time: UInt64) -> [HealthChange] {
        guard time >= nextExpiry else { return [] }
        var changes: [HealthChange] = []
        for index in entries.indices {
            guard let staleAt = entries[index].staleAt, time >= staleAt else { continue }
            if let change = entries[index].wentStale(at: time) { changes.append(change) }
        }
        return changes + settle(at: time)
    }

    func isHealthy(_ tier: HealthTier) -> Bool { healthy[tier] ?? false }

    func snapshot(at time: UInt64) -> HealthSnapshot {
        HealthSnapshot(time: time, checks: entries.map(\.shown), latches: latches, hasStarted: hasStarted)
    }

    private mutating func settle(at time: UInt64) -> [HealthChange] {
        nextExpiry = entries.compactMap(\.staleAt).min() ?? .max
        let snapshot = snapshot(at: time)
        var changes: [HealthChange] = []
        for tier in HealthTier.allCases {
            let isHealthy = snapshot.isHealthy(tier)
            guard isHealthy != healthy.updateValue(isHealthy, forKey: tier) else { continue }
            changes.append(.tierTurned(tier, isHealthy: isHealthy, at: time))
        }
        hasStarted = hasStarted || snapshot.isHealthy(.startup)
        return changes
    }
}
