import Identity
import LibCrypto
import WireProtocol

extension ClientSession {
    private var offered: [Extension] {
        [.batching, .binaryAck, .boundAuth] + (configuration.tracesMessages ? [.traceContext] : [])
            + configuration.compression.map(Extension.init)
    }

    /// The first frame of the connection.
    func hello(wallClock: UInt64) -> OutgoingFrame {
        OutgoingFrame(
            Hello(
                extensions: offered.map(\.rawValue),
                agentIDHash: agent,
                clientTime: wallClock,
                nonce: nonce
            )
        )
    }

    mutating func receivedDuringHandshake(
        _ header: FrameHeader,
        payload: [UInt8],
        at now: UInt64
    ) -> ClientSessionAction {
        switch (phase, header.type) {
        case (.awaitingHelloAck, .helloAck):
            document(header, payload) { (session, ack: HelloAck) in session.greeted(ack) }
        case (.awaitingVerdict(let greeting), .authOK):
            document(header, payload) { (session, ok: AuthOK) in session.admitted(ok, after: greeting, at: now) }
        case (.awaitingVerdict, .authFail):
            document(header, payload) { (session, refusal: AuthFail) in session.end(.authenticationRefused(refusal)) }
        case (_, .goAway):
            document(header, payload) { (session, goAway: GoAway) in session.end(.goneAway(goAway)) }
        case (_, .error):
            document(header, payload) { (session, error: ProtocolError) in session.relayFailed(error) }
        default:
            violation("\(header.typeName) is not expected during the handshake")
        }
    }

    private mutating func greeted(_ ack: HelloAck) -> ClientSessionAction {
        guard ack.protocolVersion == ProtocolVersion.current else { return end(.protocolVersion(ack.protocolVersion)) }
        if let failure = failure(of: ack) { return end(failure) }
        extensions = Extension.negotiate(offered: ack.extensions).filter(offered.contains)
        guard extensions.contains(.boundAuth) || configuration.allowsUnboundAuthentication else {
            return end(.boundAuthenticationUnavailable)
        }
        do throws(OpenSSLError) {
            let auth = try claim(answering: ack)
            phase = .awaitingVerdict(ack)
            return .send([OutgoingFrame(auth)])
        } catch {
            return end(.signing(error.description))
        }
    }

    /// What is wrong with the relay's proof of identity. One that is not asked for must hold all the same.
    private func failure(of ack: HelloAck) -> ConnectionFailure? {
        guard let proof = ack.proof else { return configuration.relayKey == nil ? nil : .relayUnproved }
        guard let key = try? Ed25519.PublicKey(bytes: proof.publicKey) else { return .relayProofInvalid }
        if let pinned = configuration.relayKey, pinned != key { return .relayKeyDiffers }
        let signed = SignedBytes.relayProof(nonce: nonce, challenge: ack.challenge, relayID: ack.relayID)
        return key.verifies(proof.signature, of: signed) ? nil : .relayProofInvalid
    }

    private func claim(answering ack: HelloAck) throws(OpenSSLError) -> Auth {
        let isBound = extensions.contains(.boundAuth)
        let signed =
            isBound
            ? SignedBytes.authentication(
                challenge: ack.challenge,
                nonce: nonce,
                relayID: ack.relayID,
                agentID: configuration.agentID,
                authority: authority
            ) : ack.challenge
        return Auth(
            agentID: configuration.agentID,
            org: configuration.attestation?.orgID,
            publicKey: configuration.key.publicKey.bytes,
            signature: try configuration.key.sign(signed),
            capabilities: configuration.capabilities,
            authority: isBound ? authority : nil,
            orgAttestation: configuration.attestation
        )
    }

    private mutating func admitted(_ ok: AuthOK, after greeting: HelloAck, at now: UInt64) -> ClientSessionAction {
        phase = .open
        keepalive = Keepalive(
            interval: keepaliveInterval(ok),
            timeout: configuration.keepaliveTimeout.clampedNanoseconds,
            maxMissed: configuration.maxMissedPings,
            openedAt: now
        )
        return .opened(
            SessionTerms(
                relayID: greeting.relayID,
                relayKey: greeting.proof?.publicKey,
                extensions: extensions,
                sessionID: ok.sessionID,
                maxPayloadBytes: ok.config.maxFrameSize,
                queue: ok.config.queueStatus
            )
        )
    }

    /// A relay that has its keepalive off says 0; a dead one must be noticed all the same.
    private func keepaliveInterval(_ ok: AuthOK) -> UInt64 {
        if let own = configuration.keepaliveInterval { return own.clampedNanoseconds }
        let milliseconds = ok.config.keepaliveIntervalMilliseconds
        return (milliseconds == 0 ? 30_000 : min(max(milliseconds, 1_000), 3_600_000)) * 1_000_000
    }
}
