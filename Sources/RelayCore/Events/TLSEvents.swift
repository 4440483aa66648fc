/// How a TLS handshake failed.
public enum TLSHandshakeFailure: String, Sendable, CaseIterable {
    case timeout
    /// The socket ended first.
    case closed
    /// An HTTP request without TLS.
    case plainHTTP = "plain_http"
    /// No TLS, or TLS that breaks its own rules.
    case malformed
    case tooLarge = "too_large"
    case version
    /// No cipher suite, group or signature algorithm in common.
    case parameters
    case applicationProtocol = "application_protocol"
    /// The peer's certificate is missing or does not hold.
    case certificate
    /// The peer sent an alert: most often, it does not trust the relay's certificate.
    case refusedByPeer = "refused_by_peer"
    case io
    case `internal`
}

/// The cipher suites that can be agreed on; the first three are of TLS 1.3, all others of 1.2.
public enum TLSSuiteName: String, Sendable, CaseIterable {
    case aes256GCM = "TLS_AES_256_GCM_SHA384"
    case chaCha20 = "TLS_CHACHA20_POLY1305_SHA256"
    case aes128GCM = "TLS_AES_128_GCM_SHA256"
    case ecdsaAES256GCM = "ECDHE-ECDSA-AES256-GCM-SHA384"
    case ecdsaChaCha20 = "ECDHE-ECDSA-CHACHA20-POLY1305"
    case ecdsaAES128GCM = "ECDHE-ECDSA-AES128-GCM-SHA256"
    case rsaAES256GCM = "ECDHE-RSA-AES256-GCM-SHA384"
    case rsaChaCha20 = "ECDHE-RSA-CHACHA20-POLY1305"
    case rsaAES128GCM = "ECDHE-RSA-AES128-GCM-SHA256"

    public var isTLS13: Bool { rawValue.hasPrefix("TLS_") }
}
