import Telemetry

/// Health as metrics. Called wherever a verdict turns, from any thread.
public struct HealthInstruments: Sendable {
    private let states: GaugeFamily
    private let transitions: CounterFamily
    private let tiers: GaugeFamily
    private let other: Int

    init(_ registry: MetricRegistry, checks: [String]) throws(MetricDeclarationError) {
        states = try registry.gauge(RelayCatalogue.healthCheck(checks))
        transitions = try registry.counter(RelayCatalogue.healthTransitions(checks))
        tiers = try registry.gauge(RelayCatalogue.healthTier)
        other = checks.count
    }

    /// A check or latch turned; its first result counts as a turn too.
    public func turned(check: String, isHealthy: Bool) {
        let place = states.index(of: check) ?? other
        states.shared(place).set(isHealthy ? 1 : 0)
        transitions.shared(place).add()
    }

    /// - Parameter tier: `liveness`, `readiness` or `startup`; another is not shown.
    public func turned(tier: String, isHealthy: Bool) {
        guard let place = tiers.index(of: tier) else { return }
        tiers.shared(place).set(isHealthy ? 1 : 0)
    }
}
