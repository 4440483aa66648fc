/// All that is known at one moment. Times are nanoseconds of the clock the reports use.
public struct HealthSnapshot: Sendable, Equatable {
    public struct Check: Sendable, Equatable {
        public var name: String
        public var tiers: Set<HealthTier>
        /// nil where it has not reported yet.
        public var verdict: HealthVerdict?
        /// Since when the verdict stands.
        public var since: UInt64
        public var lastReport: UInt64?
        public var lastError: String?
        public var lastErrorAt: UInt64?
        /// Nanoseconds, as the last report said.
        public var latency: UInt64?
        public var observed: HealthReport.Observed?
        /// Times the verdict has turned.
        public var turns: UInt64

        /// Why the verdict is not a pass.
        public var reason: String? { verdict == .pass ? nil : lastError }
    }

    public struct Latch: Sendable, Equatable {
        public var name: String
        /// Why it holds readiness back; nil where it is released.
        public var reason: String?
        public var since: UInt64
    }

    /// One line of a probe's verbose answer.
    public struct Item: Sendable, Equatable {
        public var name: String
        /// Why it fails; nil where it does not.
        public var failure: String?
        /// nil for a latch, and for a start that is over.
        public var check: Check?

        /// Why it is worth a look though it passes.
        public var warning: String? { check?.verdict == .warn ? check?.reason : nil }
    }

    /// When it was taken.
    public var time: UInt64
    public var checks: [Check]
    public var latches: [Latch]
    public var hasStarted: Bool

    /// What decides about a tier.
    public func items(of tier: HealthTier) -> [Item] {
        if tier == .startup && hasStarted { return [Item(name: "started", failure: nil)] }
        let checks = checks.filter { $0.tiers.contains(tier) }.map {
            Item(name: $0.name, failure: $0.failure(in: tier), check: $0)
        }
        guard tier != .liveness else { return checks }
        return latches.map { Item(name: $0.name, failure: $0.reason) } + checks
    }

    /// Latches, and every check as if a probe asked for it.
    public var items: [Item] {
        latches.map { Item(name: $0.name, failure: $0.reason) }
            + checks.map { Item(name: $0.name, failure: $0.failure(in: .readiness), check: $0) }
    }

    public func isHealthy(_ tier: HealthTier, excluding excluded: Set<String> = []) -> Bool {
        items(of: tier).allSatisfy { $0.failure == nil || excluded.contains($0.name) }
    }
}

extension HealthSnapshot.Check {
    /// A check that has not reported yet holds traffic back, but a process is not killed for it before it is stale.
    func failure(in tier: HealthTier) -> String? {
        switch verdict {
        case .pass, .warn: nil
        case .fail: reason ?? "failed"
        case nil: tier == .liveness ? nil : "has not reported yet"
        }
    }
}
