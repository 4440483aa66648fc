/// Why an AUTH was not believed (protocol section 5).
public enum AuthFailCode: String, Sendable, CaseIterable {
    case signatureInvalid = "AUTH_SIGNATURE_INVALID"
    /// The id does not hash to the `agent_id_hash` of HELLO.
    case agentMismatch = "AUTH_AGENT_MISMATCH"
    case orgUntrusted = "AUTH_ORG_UNTRUSTED"
    case attestationInvalid = "AUTH_ATTESTATION_INVALID"
    case attestationExpired = "AUTH_ATTESTATION_EXPIRED"
    /// The id belongs to another key.
    case keyPinned = "AUTH_KEY_PINNED"
    case clockSkew = "AUTH_CLOCK_SKEW"
    case rateLimited = "AUTH_RATE_LIMITED"
    case tooManyConnections = "AUTH_TOO_MANY_CONNECTIONS"
    /// The relay's operator keeps it out.
    case blocked = "AUTH_BLOCKED"
}

/// The answer to an AUTH that failed; the connection closes with 4001 after it.
public struct AuthFail: Document {
    public static let frameType = FrameType.authFail

    /// As sent: a later relay may know more codes than `AuthFailCode`.
    public var code: String
    public var message: String
    public var retryAllowed: Bool
    public var retryAfterMilliseconds: UInt64?

    public init(code: AuthFailCode, message: String, retryAllowed: Bool, retryAfterMilliseconds: UInt64? = nil) {
        self.code = code.rawValue
        self.message = message
        self.retryAllowed = retryAllowed
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }

    public var knownCode: AuthFailCode? { AuthFailCode(rawValue: code) }

    enum CodingKeys: String, CodingKey {
        case code, message
        case retryAllowed = "retry_allowed"
        case retryAfterMilliseconds = "retry_after_ms"
    }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member(CodingKeys.code, code)
            json.member(CodingKeys.message, message)
            json.member(CodingKeys.retryAllowed, retryAllowed)
            json.member(CodingKeys.retryAfterMilliseconds, ifPresent: retryAfterMilliseconds)
        }
    }
}
