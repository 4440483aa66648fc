import Telemetry

/// What the HTTP listeners turn away. Called from any thread.
public struct HTTPInstruments: Sendable {
    private let faults: CounterFamily

    init(_ registry: MetricRegistry) throws(MetricDeclarationError) {
        faults = try registry.counter(RelayCatalogue.httpFaultsTotal)
    }

    /// - Parameter fault: of `RelayCatalogue.httpFaults`; another is not counted.
    public func turnedAway(for fault: String) {
        guard let place = RelayCatalogue.httpFaults.firstIndex(of: fault) else { return }
        faults.shared(place).add()
    }
}
