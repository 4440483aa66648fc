public import WireProtocol

/// What an agent is told. `retryAllowed` where the same agent may pass later with the same key and attestation.
extension AuthFail {
    static let agentMismatch = AuthFail(
        code: .agentMismatch,
        message: "agent_id does not hash to the agent_id_hash of HELLO",
        retryAllowed: false
    )

    static func badSignature(_ message: String) -> AuthFail {
        AuthFail(code: .signatureInvalid, message: message, retryAllowed: false)
    }

    static func clockSkew(clientTime: UInt64, now: UInt64, max: UInt64) -> AuthFail {
        let direction = clientTime < now ? "behind" : "ahead of"
        let seconds = (clientTime < now ? now - clientTime : clientTime - now) / 1000
        return AuthFail(
            code: .clockSkew,
            message: "client_time is \(seconds) s \(direction) the relay's clock; \(max / 1000) s are allowed",
            retryAllowed: true
        )
    }

    static func rateLimited(retryAfterMilliseconds: UInt64) -> AuthFail {
        AuthFail(
            code: .rateLimited,
            message: "too many failed attempts for this agent from this address",
            retryAllowed: true,
            retryAfterMilliseconds: retryAfterMilliseconds
        )
    }

    public static let blocked = AuthFail(
        code: .blocked,
        message: "this relay's operator has blocked the agent",
        retryAllowed: false
    )

    public static let attestationRequired = AuthFail(
        code: .orgUntrusted,
        message: "this relay asks for an org_attestation by an organisation it trusts, and AUTH has none",
        retryAllowed: false
    )

    init(_ failure: AttestationFailure, allowAnonymous: Bool) {
        switch failure {
        case .orgUntrusted:
            let wayOut = allowAnonymous ? "; without org_attestation the agent may connect as itself" : ""
            self.init(
                code: .orgUntrusted,
                message: "this relay does not trust the organisation of the attestation" + wayOut,
                retryAllowed: false
            )
        case .invalid(let reason):
            self.init(code: .attestationInvalid, message: reason, retryAllowed: false)
        case .expired(let time):
            self.init(
                code: .attestationExpired,
                message: "the attestation expired at \(time) (unix ms); the agent needs a new one",
                retryAllowed: false
            )
        }
    }
}

/// Given by the caller, once an AUTH was accepted here: by the store where the claim is pinned, or at a limit.
extension AuthFail {
    public static let keyPinned = AuthFail(
        code: .keyPinned,
        message: "this agent_id belongs to another key",
        retryAllowed: false
    )

    public static let ownedByAnotherOrg = AuthFail(
        code: .keyPinned,
        message: "this agent_id belongs to another organisation",
        retryAllowed: false
    )

    /// The cap on ids that were claimed without an attestation.
    public static let tooManyPins = AuthFail(
        code: .orgUntrusted,
        message: "this relay takes no further agents without an attestation by an organisation it trusts",
        retryAllowed: true
    )

    public static func tooManyNewConnections(limit: Int, retryAfterMilliseconds: UInt64) -> AuthFail {
        AuthFail(
            code: .rateLimited,
            message: "this agent may open \(limit) connections a minute",
            retryAllowed: true,
            retryAfterMilliseconds: retryAfterMilliseconds
        )
    }

    public static func tooManyConnections(limit: Int, retryAfterMilliseconds: UInt64? = nil) -> AuthFail {
        AuthFail(
            code: .tooManyConnections,
            message: "this agent has \(limit) connections, which is the limit",
            retryAllowed: true,
            retryAfterMilliseconds: retryAfterMilliseconds
        )
    }
}
