import Telemetry

extension RelayCatalogue {
    /// Checks and latches by the names the relay registers them under.
    public static let healthChecks = [
        "event_loops", "store", "spill", "disk", "queue", "connections", "accepting", "log", "clock", "configuration",
        "memory", "certificate", "listeners", "draining",
    ]
    static let healthTiers = ["liveness", "readiness", "startup"]

    static func relay(build: BuildLabels) -> [MetricDeclaration] {
        [
            buildInfo(build), eventLoopLag, healthCheck, healthWarning, healthTransitions, healthTier,
            httpFaultsTotal, memoryLimit, memoryLevel,
            logRecords, logRecordsDropped, logRecordsHeldBack, logWriteErrors, logFollowers, logRecordsMissed,
            clockJumps, clockOffset,
        ]
    }

    static func buildInfo(_ build: BuildLabels) -> MetricDeclaration {
        .gauge(
            "moltrelay_build_info",
            labels: [LabelDimension("version", [build.version]), LabelDimension("swift", [build.swift])],
            help: "Always 1; the labels say what runs."
        )
    }

    static let eventLoopLag = MetricDeclaration.histogram(
        "moltrelay_event_loop_lag_seconds",
        unit: .seconds,
        bounds: [0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
        help: "How much later than asked for a timer ran on an event loop."
    )

    static let healthCheck = MetricDeclaration.gauge(
        "moltrelay_health_check",
        labels: [LabelDimension("check", healthChecks)],
        help: "1 while the check passes or only warns, 0 before its first result and while it fails."
    )
    static let healthWarning = MetricDeclaration.gauge(
        "moltrelay_health_warning",
        labels: [LabelDimension("check", healthChecks)],
        help: "1 while the check warns: worth a look, though traffic goes on."
    )
    static let healthTransitions = MetricDeclaration.counter(
        "moltrelay_health_transitions_total",
        labels: [LabelDimension("check", healthChecks)],
        help: "Times a check turned."
    )
    static let healthTier = MetricDeclaration.gauge(
        "moltrelay_health_tier",
        labels: [LabelDimension("tier", healthTiers)],
        help: "1 while a probe of the tier is answered with success."
    )
    static let clockJumps = MetricDeclaration.counter(
        "moltrelay_clock_jumps_total",
        help: "Times the system clock left the relay's own by more than a second."
    )
    static let clockOffset = MetricDeclaration.gauge(
        "moltrelay_clock_offset_seconds",
        unit: .seconds,
        help: "How far the system clock is ahead of the relay's own, by which messages expire; 0 unless it jumped."
    )
    /// As RelayAdmin names them.
    public static let httpFaults = [
        "request_timeout", "response_timeout", "too_large", "malformed", "pipelined", "crowded",
        "unauthorized", "foreign_page", "proxy_header",
    ]
    static let httpFaultsTotal = MetricDeclaration.counter(
        "moltrelay_http_faults_total",
        labels: [LabelDimension("fault", httpFaults)],
        help:
            "Clients of the HTTP, metrics and admin listeners that were refused or cut off, by why: slow with a request or an "
            + "answer, over a bound, no HTTP, in the way of others where as many were connected as may be, or after what takes the admin "
            + "token without it, from a page of another origin, or behind a PROXY header that is none or nobody's to bring."
    )
    static let memoryLimit = MetricDeclaration.gauge(
        "moltrelay_memory_limit_bytes",
        unit: .bytes,
        help: "What resident memory is held below: limits.max_memory_bytes, or else nine tenths of the control group's "
            + "limit; 0 for no limit."
    )
    static let memoryLevel = MetricDeclaration.gauge(
        "moltrelay_memory_level",
        help:
            "0 while memory suffices, 1 while no new connections are taken for want of it, 2 while no new messages are "
            + "either."
    )
    static let logRecords = MetricDeclaration.counter(
        "moltrelay_log_records_total",
        help: "Log records written."
    )
    static let logRecordsDropped = MetricDeclaration.counter(
        "moltrelay_log_records_dropped_total",
        help: "Log records lost because the writer's buffer was full."
    )
    static let logRecordsHeldBack = MetricDeclaration.counter(
        "moltrelay_log_records_held_back_total",
        help: "Log records not written because the same line came too often; a line tells how many."
    )
    static let logWriteErrors = MetricDeclaration.counter(
        "moltrelay_log_write_errors_total",
        help: "Writes that the log's output refused, as a full disk does; they are tried again."
    )
    static let logFollowers = MetricDeclaration.gauge(
        "moltrelay_log_followers",
        help: "Readers of `moltrelay logs -f`."
    )
    static let logRecordsMissed = MetricDeclaration.counter(
        "moltrelay_log_records_missed_total",
        help: "Log records that a reader of `moltrelay logs -f` was too slow for; the log itself has them."
    )
}
