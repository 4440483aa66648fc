internal import COpenSSL

/// Why a connection has no TLS, or no longer.
public struct TLSFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Cause: String, Sendable, CaseIterable {
        /// The peer did not come to the end of the handshake in time.
        case timeout
        /// The socket ended first.
        case closed
        /// What came is an HTTP request without TLS.
        case plainHTTP = "plain_http"
        /// What came is no TLS, or TLS that breaks its own rules.
        case malformed
        /// More bytes than a handshake has.
        case tooLarge = "too_large"
        case version
        /// No cipher suite, group or signature algorithm that both sides have.
        case parameters
        /// ALPN: the peer speaks nothing that we do.
        case applicationProtocol = "application_protocol"
        /// The peer's certificate is missing or does not hold.
        case certificate
        /// The peer sent an alert: most often, it does not trust our certificate.
        case refusedByPeer = "refused_by_peer"
        case io
        /// Ours: out of memory, or a library that fails.
        case `internal`
    }

    public let cause: Cause
    /// For a person.
    public let reason: String
    /// The certificate is somebody's, of an authority that is trusted: another was dialled.
    public let isOtherName: Bool

    public init(_ cause: Cause, _ reason: String) {
        self.init(cause, reason, isOtherName: false)
    }

    private init(_ cause: Cause, _ reason: String, isOtherName: Bool) {
        self.cause = cause
        self.reason = reason
        self.isOtherName = isOtherName
    }

    static func otherName(_ complaint: String) -> Self {
        Self(.certificate, "the certificate does not hold: \(complaint)", isOtherName: true)
    }

    public var description: String { reason }
}

extension TLSFailure {
    static let timeout = Self(.timeout, "the TLS handshake took too long")
    static let closedInHandshake = Self(.closed, "the connection ended during the TLS handshake")
    static let cutOff = Self(.closed, "the connection was cut off: it ended without TLS' close_notify")
    static let tooLarge = Self(.tooLarge, "the TLS handshake has too many bytes")

    /// Empties the calling thread's error queue. Its oldest entry is the reason, those after it are callers' echoes.
    init(takingQueueAfter operation: String) {
        let codes = Array(sequence(first: ERR_get_error()) { _ in ERR_get_error() }.prefix { $0 != 0 })
        let text = codes.first.flatMap { ERR_reason_error_string($0) }.map { String(cString: $0) }
        self.init(Self.cause(of: codes), "\(operation): \(text ?? "no reason given")")
    }

    /// The first of TLS itself knows whose fault it is: that a peer's share is no point, another library finds.
    private static func cause(of codes: [UInt]) -> Cause {
        // TLS says only "internal error" of a share that agrees on nothing.
        let isShare = codes.first.map { ERR_GET_LIB($0) == ERR_LIB_PROV && ERR_GET_REASON($0) == noAgreement } ?? false
        guard !isShare else { return .malformed }
        return codes.first { ERR_GET_LIB($0) == ERR_LIB_SSL }.map { cause(of: ERR_GET_REASON($0)) } ?? .internal
    }

    private static let noAgreement = PROV_R_FAILED_DURING_DERIVATION

    /// An alert's number lies so far above OpenSSL's own reasons.
    private static let alerts = 1_000

    private static func cause(of reason: Int32) -> Cause {
        switch reason {
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST: .plainHTTP
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH, SSL_R_UNKNOWN_PROTOCOL,
            SSL_R_WRONG_SSL_VERSION:
            .version
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_NO_SUITABLE_GROUPS,
            SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, SSL_R_NO_SHARED_GROUPS:
            .parameters
        case SSL_R_NO_APPLICATION_PROTOCOL: .applicationProtocol
        case SSL_R_CERTIFICATE_VERIFY_FAILED, SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: .certificate
        // What any library may say: no memory, an internal error, a failure further down.
        case let reason where reason & Int32(ERR_RFLAG_COMMON) != 0: .internal
        case let reason where reason >= alerts: .refusedByPeer
        default: .malformed
        }
    }
}

/// Runs a call that answers nil on failure. A stale error of an earlier caller on this thread would be reported as
/// this call's, so the queue is emptied first.
func openSSL<Value>(_ operation: String, _ call: () -> Value?) throws(TLSFailure) -> Value {
    ERR_clear_error()
    guard let value = call() else { throw TLSFailure(takingQueueAfter: operation) }
    return value
}

/// Runs a call that answers 1 on success.
func openSSL(_ operation: String, _ call: () -> Int32) throws(TLSFailure) {
    ERR_clear_error()
    guard call() == 1 else { throw TLSFailure(takingQueueAfter: operation) }
}
