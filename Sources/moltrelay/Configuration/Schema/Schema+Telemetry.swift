extension Schema {
    static let logging = [
        Setting("logging.level", \.logging.level, .choice, "The least level that is logged."),
        Setting("logging.format", \.logging.format, .choice, "`json`, one object a line, or `text` for terminals."),
        Setting(
            "logging.output",
            \.logging.output,
            .logOutput,
            "Where log lines go. A file is opened for appending and created where it is missing. `journald`: systemd's journal, "
                + "with fields of their own, whatever the format.",
            default: "`stdout`; `journald` where that is the journal's (`$JOURNAL_STREAM`)"
        ),
    ]

    static let metrics = [
        Setting(
            "metrics.enabled",
            \.metrics.enabled,
            .boolean,
            "Answer on `/metrics`. `false` leaves only the health checks on that listener."
        ),
        Setting("metrics.prometheus", \.metrics.prometheus, .boolean, "In Prometheus' format."),
        Setting(
            "metrics.statsd.enabled",
            \.metrics.statsd.enabled,
            .boolean,
            "Send the same figures to StatsD over UDP, where `metrics.enabled` is true too."
        ),
        Setting("metrics.statsd.address", \.metrics.statsd.address, .remoteAddress, "The StatsD server."),
        Setting(
            "metrics.statsd.flavor",
            \.metrics.statsd.flavor,
            .choice,
            "`plain`: counters and gauges, labels in their names, histograms as count, sum and quantiles. `dogstatsd`: "
                + "labels as tags, and `relay_id`, histograms as values with a sample rate."
        ),
        Setting(
            "metrics.statsd.prefix",
            \.metrics.statsd.prefix,
            .statsdPrefix,
            "In front of every name, with its dot: `eu.relay1.`.",
            default: "none"
        ),
        Setting(
            "metrics.statsd.flush_interval_ms",
            \.metrics.statsd.flushIntervalMilliseconds,
            .whole(100...3_600_000, .milliseconds),
            "How often everything is sent, its datagrams spread over the interval."
        ),
        Setting(
            "metrics.statsd.sample_rate",
            \.metrics.statsd.sampleRate,
            .sampleRate,
            "The part of a histogram's observations that dogstatsd gets. Counters are whole in any case: they are sent as "
                + "what they grew by."
        ),
        Setting(
            "metrics.statsd.max_datagram_bytes",
            \.metrics.statsd.maxDatagramBytes,
            .whole(256...65_507, .bytes),
            "The most a datagram carries.",
            default: "`1432`; `4000` to a server on this machine"
        ),
    ]

    static let tracing = [
        Setting(
            "tracing.enabled",
            \.tracing.enabled,
            .boolean,
            "Record and export the spans of messages."
        ),
        Setting(
            "tracing.jaeger.enabled",
            \.tracing.jaeger.enabled,
            .boolean,
            "Send spans to Jaeger as Thrift over HTTP.",
            default: "`true`; `false` where `tracing.otlp.endpoint` is set"
        ),
        Setting(
            "tracing.jaeger.endpoint",
            \.tracing.jaeger.endpoint,
            .url(schemes: ["http", "https"]),
            "The Jaeger collector."
        ),
        Setting(
            "tracing.jaeger.sample_rate",
            \.tracing.jaeger.sampleRate,
            .share,
            "The part of the messages traced, for every exporter. What a sender asks for in its trace context, and what was "
                + "slow or failed, is traced whatever this says."
        ),
        Setting(
            "tracing.otlp.endpoint",
            \.tracing.otlp.endpoint,
            .url(schemes: ["http", "https"]),
            "Where OTLP over HTTP is taken: `http://collector:4318`, with `/v1/traces` understood where there is no path.",
            default: "none"
        ),
        Setting("tracing.otlp.encoding", \.tracing.otlp.encoding, .choice, "As what OTLP is sent."),
        Setting(
            "tracing.slow_ms",
            \.tracing.slowMilliseconds,
            .whole(1...3_600_000, .milliseconds),
            "A message that takes longer from its last byte to its recipient's socket is slow: its trace is kept and a log "
                + "line says so. What it waits in the queue for an absent recipient is not counted."
        ),
        Setting(
            "tracing.traces_per_second",
            \.tracing.tracesPerSecond,
            .whole(0...100_000),
            "The most traces a second that `sample_rate` picks; as many again for senders that ask, and for `moltrelay trace`."
        ),
        Setting(
            "tracing.tail_traces_per_second",
            \.tracing.tailTracesPerSecond,
            .whole(0...100_000),
            "The most traces a second of slow messages, and as many again of those dropped, expired or sent again."
        ),
        Setting(
            "tracing.recorder_bytes",
            \.tracing.recorderBytes,
            .whole(0...(1 << 30), .bytes),
            "Memory of the flight recorder, which `moltrelay explain` and `slow` read, `tracing.enabled` or not: 64 bytes a "
                + "best-effort message, 192 or more another. 0 is off."
        ),
    ]

    static let health = [
        Setting(
            "health.endpoint",
            \.health.endpoint,
            .route,
            "Path of the liveness check; `/ready` and `/startup` follow below it."
        ),
        Setting(
            "health.detailed_endpoint",
            \.health.detailedEndpoint,
            .route,
            "Path of every check with its state; from this machine, or with the token of `health.token_file`."
        ),
        Setting(
            "health.token_file",
            \.health.tokenFile,
            .path,
            "Holds the token that shows `health.detailed_endpoint` to other machines, sent as `Authorization: Bearer "
                + "TOKEN`: 16 printable characters or more. Without it they see nothing."
        ),
    ]

    static let admin = [
        Setting(
            "admin.socket",
            \.admin.socket,
            .path,
            "Unix socket that `moltrelay status` and its like talk to; at most 107 bytes.",
            default: "`admin.sock` in the runtime folder, see above"
        ),
        Setting(
            "admin.socket_group",
            \.admin.socketGroup,
            .identifier,
            "A group, by name or number, whose members may use the socket too: it is then 0660 and the group's, else 0600. "
                + "The relay's user must be a member, and the group must be let into the socket's folder."
        ),
        Setting(
            "admin.http",
            \.admin.http,
            .boolean,
            "Take what the socket takes on `server.listen.http` too, from who has the token of `admin.token_file`; "
                + "commands reach it with `--admin`. On loopback, or with `server.tls.enabled: false`, which "
                + "says that something in front ends TLS. See [admin-api.md](admin-api.md#over-http)."
        ),
        Setting(
            "admin.token_file",
            \.admin.tokenFile,
            .path,
            "Holds the token of `admin.http`: 32 printable characters or more, in a file that nobody else can read. Read "
                + "again by a reload. Commands with `--admin` read it too, unless `--token-file` names another."
        ),
    ]
}
