extension SessionStateMachine {
    /// A frame before AUTH_OK.
    mutating func receivedDuringHandshake(
        _ header: FrameHeader,
        payload: [UInt8],
        wallClock: UInt64
    ) -> SessionAction {
        switch (phase, header.type) {
        case (.awaitingHello, .hello):
            controlDocument(header, payload) { (session, hello: Hello) in session.greeted(hello, wallClock: wallClock) }
        case (.awaitingHello, _):
            authenticationRequired(header)
        case (.awaitingAuth(let hello), .auth):
            controlDocument(header, payload) { (session, auth: Auth) in session.claimed(auth, after: hello) }
        case (_, .hello), (_, .auth), (_, .helloAck), (_, .authOK), (_, .authFail):
            unexpected(header)
        case (_, .error):
            controlDocument(header, payload) { (session, error: ProtocolError) in session.peerFailed(error) }
        default:
            authenticationRequired(header)
        }
    }

    /// The shell signed what `prove` gave it.
    /// - Parameter signature: 64 bytes.
    public mutating func relayProved(signature: [UInt8], wallClock: UInt64) -> SessionAction {
        guard case .proving(let hello) = phase, let key = configuration.relayPublicKey else { return .none }
        return acknowledgeHello(hello, proof: RelayProof(publicKey: key, signature: signature), wallClock: wallClock)
    }

    /// The shell's verdict: the agent is who it says. Without effect once the session has ended.
    public mutating func authenticated(_ grant: SessionGrant, at now: UInt64) -> SessionAction {
        guard case .authenticating(let hello) = phase else { return .none }
        agent = hello.agentIDHash
        if extensions.contains(.traceContext) { unusualFlags.remove(.traced) }
        compression = extensions.compression
        if compression != nil { unusualFlags.remove(.compressed) }
        keepalive.heard(at: now)
        phase = .open
        return .send([OutgoingFrame(authOK(grant))])
    }

    /// The shell's verdict: it is not. Without effect once the session has ended.
    public mutating func authenticationFailed(
        code: AuthFailCode,
        message: String,
        retryAllowed: Bool,
        retryAfterMilliseconds: UInt64? = nil
    ) -> SessionAction {
        guard case .authenticating = phase else { return .none }
        return refuse(
            AuthFail(
                code: code,
                message: message,
                retryAllowed: retryAllowed,
                retryAfterMilliseconds: retryAfterMilliseconds
            ),
            as: code
        )
    }

    private mutating func greeted(_ hello: Hello, wallClock: UInt64) -> SessionAction {
        guard hello.protocolVersion == ProtocolVersion.current else {
            return violation("HELLO: member protocol_version is not \"\(ProtocolVersion.current)\"")
        }
        extensions = Extension.negotiate(offered: hello.extensions, compresses: configuration.compresses)
        guard configuration.relayPublicKey != nil else {
            return acknowledgeHello(hello, proof: nil, wallClock: wallClock)
        }
        phase = .proving(hello)
        return .prove(
            SignedBytes.relayProof(nonce: hello.nonce, challenge: challenge, relayID: configuration.relayID)
        )
    }

    private mutating func acknowledgeHello(
        _ hello: Hello,
        proof: RelayProof?,
        wallClock: UInt64
    ) -> SessionAction {
        phase = .awaitingAuth(hello)
        let answer = HelloAck(
            extensions: extensions.map(\.rawValue),
            challenge: challenge,
            serverTime: wallClock,
            relayID: configuration.relayID,
            cluster: configuration.cluster,
            proof: proof
        )
        return .send([OutgoingFrame(answer)])
    }

    private mutating func claimed(_ auth: Auth, after hello: Hello) -> SessionAction {
        if extensions.contains(.boundAuth), auth.authority == nil {
            return violation("AUTH: member authority is missing, which auth:bound needs")
        }
        phase = .authenticating(hello)
        return .authenticate(
            AuthAttempt(
                hello: hello,
                auth: auth,
                challenge: challenge,
                extensions: extensions,
                relayID: configuration.relayID
            )
        )
    }

    private mutating func refuse(_ failure: AuthFail, as code: AuthFailCode) -> SessionAction {
        let delay = failure.retryAllowed ? failure.retryAfterMilliseconds ?? 0 : nil
        return end(.authentication(code, reconnectAfterMilliseconds: delay), sending: [OutgoingFrame(failure)])
    }

    private func authOK(_ grant: SessionGrant) -> AuthOK {
        AuthOK(
            sessionID: grant.sessionID,
            sessionToken: grant.sessionToken,
            expires: grant.expires,
            config: AuthOK.Config(
                maxFrameSize: configuration.maxMessagePayloadBytes,
                maxStreams: 0,
                keepaliveIntervalMilliseconds: configuration.keepaliveInterval / 1_000_000,
                queueStatus: grant.queueStatus
            )
        )
    }

    mutating func authenticationRequired(_ header: FrameHeader) -> SessionAction {
        violation("\(header.typeName) before AUTH_OK", code: .authRequired)
    }
}
