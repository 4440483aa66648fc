internal import WireProtocol

extension AuthPolicy {
    func verdict(on attempt: AuthAttempt, wallClock: UInt64) -> AuthVerdict {
        let auth = attempt.auth
        let agent = attempt.hello.agentIDHash
        guard AgentHash(agentID: auth.agentID) == agent else { return .rejected(.agentMismatch) }
        guard requireAuth else { return .accepted(AuthClaim(agent: agent, publicKey: nil, org: nil)) }
        guard let publicKey = try? Ed25519.PublicKey(bytes: auth.publicKey) else {
            return .rejected(.badSignature("public_key is no Ed25519 key that can sign"))
        }
        let failure =
            checkClock(attempt.hello.clientTime, wallClock)
            ?? checkSignature(of: attempt, by: publicKey)
            ?? checkAttestation(of: auth, publicKey, wallClock)
        if let failure { return .rejected(failure) }
        return .accepted(AuthClaim(agent: agent, publicKey: publicKey.bytes, org: auth.orgAttestation?.orgID))
    }

    private func checkClock(_ clientTime: UInt64, _ now: UInt64) -> AuthFail? {
        let skew = clientTime < now ? now - clientTime : clientTime - now
        guard skew > maxClockSkewMilliseconds else { return nil }
        return .clockSkew(clientTime: clientTime, now: now, max: maxClockSkewMilliseconds)
    }

    private func checkSignature(of attempt: AuthAttempt, by publicKey: Ed25519.PublicKey) -> AuthFail? {
        let isBound = attempt.extensions.contains(.boundAuth)
        if isBound {
            guard let authority = attempt.auth.authority else {
                return .badSignature("auth:bound was negotiated and AUTH names no authority")
            }
            guard authorities.accepts(authority) else {
                return .badSignature("the authority of AUTH is not a name of this relay (server.public_names)")
            }
        }
        guard !publicKey.verifies(attempt.auth.signature, of: attempt.signedBytes) else { return nil }
        return .badSignature("signature is not public_key's over " + (isBound ? "the bound bytes" : "the challenge"))
    }

    /// An attestation that came is checked even where none is asked for: an agent that believes itself vouched for must
    /// not find itself let in as a stranger.
    private func checkAttestation(of auth: Auth, _ publicKey: Ed25519.PublicKey, _ now: UInt64) -> AuthFail? {
        guard let attestation = auth.orgAttestation else { return allowAnonymous ? nil : .attestationRequired }
        do throws(AttestationFailure) {
            try attestation.verify(
                agentID: auth.agentID,
                publicKey: publicKey,
                org: auth.org,
                trustedOrgs: trustedOrgs,
                now: now,
                maxClockSkewMilliseconds: maxClockSkewMilliseconds
            )
            return nil
        } catch {
            return AuthFail(error, allowAnonymous: allowAnonymous)
        }
    }
}
