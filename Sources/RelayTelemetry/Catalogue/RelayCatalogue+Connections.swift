import RelayCore
import Telemetry
import WireProtocol

extension RelayCatalogue {
    static let connections = [
        connectionsActive, connectionErrors, connectionFailures, connectionRefusals, proxyHeaders, ratesUntracked,
        connectionsOpened, connectionsClosed, connectionDuration, handshakeDuration, authentications, framesReceived,
        outboxBytes, slowConsumers,
        senderPauses, acceptPauses,
    ]

    static let connectionsActive = MetricDeclaration.gauge(
        "moltrelay_connections_active",
        help: "Open connections."
    )
    static let connectionErrors = MetricDeclaration.counter(
        "moltrelay_connection_errors_total",
        help: "Connections that failed. One that connects and leaves without a word is not counted."
    )
    static let connectionFailures = MetricDeclaration.counter(
        "moltrelay_connection_failures_total",
        labels: [LabelDimension("cause", ConnectionFailure.allCases.map(\.rawValue))],
        help: "Connections that failed, by cause. Sums to moltrelay_connection_errors_total."
    )
    static let connectionRefusals = MetricDeclaration.counter(
        "moltrelay_connection_refusals_total",
        labels: [LabelDimension("limit", ConnectionLimit.allCases.map(\.rawValue))],
        help: "Sockets refused before they became connections, by the key in `limits` that refused them."
    )
    static let proxyHeaders = MetricDeclaration.counter(
        "moltrelay_proxy_headers_total",
        labels: [LabelDimension("result", ProxyHeaderResult.allCases.map(\.rawValue))],
        help:
            "What proxies said of where sockets come from (`server.proxy`): an address that counts, nothing but their "
            + "own, or why they were not believed; the latter are connection failures too."
    )
    static let ratesUntracked = MetricDeclaration.counter(
        "moltrelay_rates_untracked_total",
        labels: [LabelDimension("limit", RateTable.allCases.map(\.rawValue))],
        help: "Connections let in while the table of a rate limit was full, by its key in `limits`; unlimited, or each "
            + "with a rate of its own."
    )
    static let connectionsOpened = MetricDeclaration.counter(
        "moltrelay_connections_opened_total",
        help: "Connections opened."
    )
    static let connectionsClosed = MetricDeclaration.counter(
        "moltrelay_connections_closed_total",
        labels: [LabelDimension("reason", CloseReason.allCases.map(\.rawValue))],
        help: "Connections closed, by reason."
    )
    static let connectionDuration = MetricDeclaration.histogram(
        "moltrelay_connection_duration_seconds",
        unit: .seconds,
        bounds: [0.1, 1, 10, 60, 600, 3_600, 21_600, 86_400, 604_800],
        help: "How long connections stayed open, observed when they close."
    )
    static let handshakeDuration = MetricDeclaration.histogram(
        "moltrelay_handshake_duration_seconds",
        unit: .seconds,
        bounds: [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5],
        help: "From the opening of a connection to AUTH_OK."
    )
    static let authentications = MetricDeclaration.counter(
        "moltrelay_authentications_total",
        labels: [LabelDimension("result", [authenticated] + AuthFailCode.allCases.map(\.rawValue))],
        help: "Answers to AUTH: ok, or the code of AUTH_FAIL."
    )
    static let framesReceived = MetricDeclaration.counter(
        "moltrelay_frames_received_total",
        labels: [LabelDimension("type", FrameType.allCases.map(\.name))],
        help: "Protocol frames received, by type."
    )
    static let outboxBytes = MetricDeclaration.gauge(
        "moltrelay_outbox_bytes",
        unit: .bytes,
        help: "Bytes waiting to be written to connections."
    )
    static let slowConsumers = MetricDeclaration.counter(
        "moltrelay_slow_consumers_total",
        help: "Connections closed because their outbox stayed over its limit."
    )
    static let senderPauses = MetricDeclaration.counter(
        "moltrelay_sender_pauses_total",
        help: "Times a best-effort sender was paused for a full outbox."
    )
    static let acceptPauses = MetricDeclaration.counter(
        "moltrelay_accept_pauses_total",
        help: "Times accepting agents' sockets paused because file descriptors ran out."
    )

    static let authenticated = "ok"
}
