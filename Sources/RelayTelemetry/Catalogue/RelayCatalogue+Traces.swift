import Telemetry

extension RelayCatalogue {
    static let traces = [tracesKept, tracesMissed, tracesForgotten, tracesForcedAgents, spansSent]

    private static let reasons = LabelDimension("reason", TraceReason.allCases.map(\.rawValue))

    static let tracesKept = MetricDeclaration.counter(
        "moltrelay_traces_kept_total",
        labels: [reasons],
        help: "Messages whose trace was kept, by why."
    )
    static let tracesMissed = MetricDeclaration.counter(
        "moltrelay_traces_missed_total",
        labels: [reasons, LabelDimension("cause", TraceObstacle.allCases.map(\.rawValue))],
        help:
            "Messages and HTTP requests whose trace there was a reason to keep, and that was not: over the rate of that reason, or more at "
            + "once than waits for its spans to be made."
    )
    static let tracesForgotten = MetricDeclaration.counter(
        "moltrelay_traces_forgotten_total",
        help:
            "Trace contexts, and first parts of traces, that there was no room to remember until their messages ended."
    )
    static let tracesForcedAgents = MetricDeclaration.gauge(
        "moltrelay_traces_forced_agents",
        help: "Agents whose every message is traced, by `moltrelay trace`."
    )
    static let spansSent = MetricDeclaration.counter(
        "moltrelay_spans_sent_total",
        labels: [LabelDimension("exporter", TraceExporter.allCases.map(\.rawValue))],
        help: "Spans that a collector took."
    )
}
