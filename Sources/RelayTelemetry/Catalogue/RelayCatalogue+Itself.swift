import Telemetry

extension RelayCatalogue {
    /// What the relay says of its own configuration, its disks and what its telemetry lost.
    static func itself(volumes: [String]) -> [MetricDeclaration] {
        [configHash, lastReloadSuccess, lastReloadTime, diskFree(volumes), telemetryLost, auditRecords]
    }

    static let configHash = MetricDeclaration.gauge(
        "moltrelay_config_hash",
        help: "48 bits of a hash of the effective configuration: relays that differ run on different ones."
    )
    static let lastReloadSuccess = MetricDeclaration.gauge(
        "moltrelay_config_last_reload_success",
        help: "1 where the last reading of the configuration was taken, 0 where it was refused."
    )
    static let lastReloadTime = MetricDeclaration.gauge(
        "moltrelay_config_last_reload_timestamp_seconds",
        unit: .seconds,
        help: "When the configuration was last taken, in seconds since 1970."
    )
    public static let defaultVolumes = ["store", "log"]

    static func diskFree(_ volumes: [String]) -> MetricDeclaration {
        .gauge(
            "moltrelay_disk_free_bytes",
            unit: .bytes,
            labels: [LabelDimension("volume", volumes)],
            help: "Free for the relay on the volumes of its store and of its log, where those are files."
        )
    }

    static let lostSignals = ["logs", "traces", "statsd", "audit"]
    static let telemetryLost = MetricDeclaration.counter(
        "moltrelay_telemetry_lost_total",
        labels: [LabelDimension("signal", lostSignals), LabelDimension("cause", ExportLoss.allCases.map(\.rawValue))],
        help: """
            Log records, spans, StatsD lines and security events for PostgreSQL that never arrived, by signal and \
            cause; StatsD refused counts datagrams.
            """
    )
    static let auditRecords = MetricDeclaration.counter(
        "moltrelay_audit_records_total",
        help: "Security events written to PostgreSQL's table `audit_log`."
    )
}
