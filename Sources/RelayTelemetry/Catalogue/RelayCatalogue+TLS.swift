import RelayCore
import Telemetry

extension RelayCatalogue {
    static let tls = [
        tlsHandshakes, tlsVersions, tlsSuites, tlsHandshakeDuration, tlsCertificateExpiry, tlsCertificateReloads,
        tlsCertificateOrders, tlsCertificateRenewal,
    ]

    static let tlsHandshakes = MetricDeclaration.counter(
        "moltrelay_tls_handshakes_total",
        labels: [LabelDimension("result", tlsSuccesses + TLSHandshakeFailure.allCases.map(\.rawValue))],
        help: "TLS handshakes by result: full, resumed (by a ticket of an earlier connection), or why they failed. A "
            + "client that connects and leaves without a word is not counted."
    )
    static let tlsVersions = MetricDeclaration.counter(
        "moltrelay_tls_versions_total",
        labels: [LabelDimension("version", tlsVersionNames)],
        help: "TLS handshakes that succeeded, by protocol version."
    )
    static let tlsSuites = MetricDeclaration.counter(
        "moltrelay_tls_suites_total",
        labels: [LabelDimension("suite", TLSSuiteName.allCases.map(\.rawValue))],
        help: "TLS handshakes that succeeded, by cipher suite."
    )
    static let tlsHandshakeDuration = MetricDeclaration.histogram(
        "moltrelay_tls_handshake_duration_seconds",
        unit: .seconds,
        bounds: [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
        help: "From the opening of a connection to the end of its TLS handshake."
    )

    static let tlsCertificateExpiry = MetricDeclaration.gauge(
        "moltrelay_tls_certificate_expiry_timestamp_seconds",
        unit: .seconds,
        help:
            "When the certificate that agents see expires, in seconds since 1970; of several the first. 0 without TLS."
    )
    static let tlsCertificateReloads = MetricDeclaration.counter(
        "moltrelay_tls_certificate_reloads_total",
        labels: [LabelDimension("result", ["taken", "refused"])],
        help:
            "Certificates read from files that changed, or at a reload: taken, or refused while the one before stands."
    )

    static let tlsCertificateOrders = MetricDeclaration.counter(
        "moltrelay_tls_certificate_orders_total",
        labels: [LabelDimension("result", CertificateOrderResult.allCases.map(\.rawValue))],
        help: "Certificates ordered from the authority of server.tls.auto_cert by result: issued, or why not."
    )
    static let tlsCertificateRenewal = MetricDeclaration.gauge(
        "moltrelay_tls_certificate_renewal_timestamp_seconds",
        unit: .seconds,
        help: "When the next certificate is ordered, in seconds since 1970; 0 without server.tls.auto_cert."
    )

    static let tlsSuccesses = ["full", "resumed"]
    static let tlsVersionNames = ["1.3", "1.2"]
}

/// What became of an order for a certificate.
public enum CertificateOrderResult: String, Sendable, CaseIterable {
    case issued, unreachable, refused, rateLimited = "rate_limited", validation, timeout, malformed, `internal`
}
