import Telemetry

/// What tracing says of itself at a scrape; all 0 where it is off.
public struct TraceTotals: Sendable, Equatable {
    /// By reason.
    var kept = [UInt64](repeating: 0, count: TraceReason.allCases.count)
    /// By reason and obstacle.
    var missed = [UInt64](repeating: 0, count: TraceReason.allCases.count * TraceObstacle.allCases.count)
    var forgotten: UInt64 = 0
    var forcedAgents = 0
    /// By exporter.
    var sent = [UInt64](repeating: 0, count: TraceExporter.allCases.count)

    public init() {}

    /// Beside what is missed already.
    public mutating func miss(_ traces: UInt64, for reason: TraceReason, because obstacle: TraceObstacle) {
        missed[reason.place * TraceObstacle.allCases.count + obstacle.place] += traces
    }

    public mutating func sent(_ spans: UInt64, to exporter: TraceExporter) { sent[exporter.place] = spans }
}

/// Where spans go. A closed set: it becomes a label.
public enum TraceExporter: String, Sendable, CaseIterable {
    case jaeger, otlp

    var place: Int {
        switch self {
        case .jaeger: 0
        case .otlp: 1
        }
    }
}

extension TraceTotals {
    static func register(
        in registry: MetricRegistry,
        _ totals: @escaping @Sendable () -> TraceTotals
    ) throws(MetricDeclarationError) {
        let kept = try registry.counter(RelayCatalogue.tracesKept)
        let missed = try registry.counter(RelayCatalogue.tracesMissed)
        let forgotten = try registry.counter(RelayCatalogue.tracesForgotten).shared()
        let forced = try registry.gauge(RelayCatalogue.tracesForcedAgents).shared()
        let sent = try registry.counter(RelayCatalogue.spansSent)
        registry.beforeScrape {
            let totals = totals()
            for (place, count) in totals.kept.enumerated() { kept.shared(place).raise(to: count) }
            for (place, count) in totals.missed.enumerated() { missed.shared(place).raise(to: count) }
            forgotten.raise(to: totals.forgotten)
            forced.set(Double(totals.forcedAgents))
            for (place, count) in totals.sent.enumerated() { sent.shared(place).raise(to: count) }
        }
    }
}
