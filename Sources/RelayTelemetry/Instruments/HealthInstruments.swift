public import Telemetry

/// Health as metrics. Called wherever a verdict turns, from any thread.
public struct HealthInstruments: Sendable {
    private let states, warnings: GaugeFamily
    private let transitions: CounterFamily
    private let tiers: GaugeFamily

    init(_ registry: MetricRegistry) throws(MetricDeclarationError) {
        states = try registry.gauge(RelayCatalogue.healthCheck)
        warnings = try registry.gauge(RelayCatalogue.healthWarning)
        transitions = try registry.counter(RelayCatalogue.healthTransitions)
        tiers = try registry.gauge(RelayCatalogue.healthTier)
    }

    /// A check or latch turned; its first result counts as a turn too.
    /// - Parameter check: of `RelayCatalogue.healthChecks`; another is not shown.
    public func turned(check: String, to verdict: HealthVerdict) {
        guard let place = states.index(of: check) else { return }
        states.shared(place).set(verdict == .fail ? 0 : 1)
        warnings.shared(place).set(verdict == .warn ? 1 : 0)
        transitions.shared(place).add()
    }

    /// - Parameter tier: `liveness`, `readiness` or `startup`; another is not shown.
    public func turned(tier: String, isHealthy: Bool) {
        guard let place = tiers.index(of: tier) else { return }
        tiers.shared(place).set(isHealthy ? 1 : 0)
    }
}
