import Telemetry

extension RelayCatalogue {
    static let flights = [flightRecords, flightReach]

    static let flightRecords = MetricDeclaration.gauge(
        "moltrelay_flight_recorder_records",
        help: "Records of messages' ways in memory: one of a best-effort message, several of another."
    )
    static let flightReach = MetricDeclaration.gauge(
        "moltrelay_flight_recorder_reach_seconds",
        unit: .seconds,
        help:
            "How far back `moltrelay explain` knows every message: to the start until the first record is overwritten."
    )
}

extension FlightRecorder {
    /// Where there is no recorder both stay 0.
    static func register(_ recorder: FlightRecorder?, in registry: MetricRegistry) throws(MetricDeclarationError) {
        let records = try registry.gauge(RelayCatalogue.flightRecords).shared()
        let seconds = try registry.gauge(RelayCatalogue.flightReach).shared()
        guard let recorder else { return }
        registry.beforeScrape {
            let reach = recorder.reach
            records.set(Double(reach.records))
            seconds.set(Double(reach.now - min(reach.now, reach.since)) / 1e9)
        }
    }
}
