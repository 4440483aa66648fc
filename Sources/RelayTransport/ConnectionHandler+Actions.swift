import Identity
import NIOCore
import RelayCore
import WireProtocol

extension ConnectionHandler {
    func perform(_ action: SessionAction) {
        guard let connection, let relay else { return }
        switch action {
        case .none, .message: break
        case .acknowledged(let ids, let kind): relay.acknowledged(ids, kind, on: connection)
        case .nack(let nack):
            if let code = nack.knownCode { relay.note(.nacked(nack.messageID, code: code)) }
            if nack.knownCode == .senderMismatch { tell(once: .impersonated) }
            relay.send(OutgoingFrame(nack), to: connection)
        case .send(let frames): for frame in frames { relay.send(frame, to: connection) }
        case .prove(let bytes): prove(bytes)
        case .authenticate(let attempt): authenticate(attempt)
        case .disconnect(let disconnect, let frames):
            for frame in frames { relay.send(frame, to: connection) }
            begin(disconnect)
        }
    }

    private func prove(_ bytes: [UInt8]) {
        guard let signature = try? services.admission.identity.sign(bytes) else {
            return perform(session.ended(by: .internalError))
        }
        perform(session.relayProved(signature: signature, wallClock: loop.wallClock))
    }

    private func authenticate(_ attempt: AuthAttempt) {
        let judged = services.admission.judge(attempt, clientAddress: services.network.description, on: loop)
        let claimed = attempt.hello.agentIDHash
        judged.assumeIsolated().whenComplete { result in
            switch result {
            case .success(.admitted(let agent)): self.admitted(agent)
            case .success(.refused(let failure)): self.refuse(failure, claimed)
            case .success(.replayed(let failure)): self.refuse(failure, claimed, isReplay: true)
            case .failure: self.perform(self.session.ended(by: .overloaded(reconnectAfterMilliseconds: 1_000)))
            }
        }
    }

    private func admitted(_ agent: AgentHash) {
        guard let connection, let relay, !session.isClosed else { return }
        connection.takesBinaryAcknowledgements = session.extensions.contains(.binaryAck)
        connection.outbox.isBatching = session.extensions.contains(.batching)
        connection.outbox.compression = session.extensions.compression
        connection.outbox.isTracing = session.extensions.contains(.traceContext)
        let granted = services.admission.grant(agent, on: loop)
        granted.assumeIsolated().whenComplete { result in
            guard !self.session.isClosed else { return }
            switch result {
            case .success(let grant):
                self.grant = grant
                relay.authenticated(connection, as: agent)
            case .failure: self.perform(self.session.ended(by: .internalError))
            }
        }
    }

    /// The agent's home knows the connection now, or has too many.
    func registered(isAccepted: Bool) {
        guard isAccepted, let grant else {
            return refuse(.tooManyConnections(limit: services.limits.maxConnectionsPerAgent), nil)
        }
        self.grant = nil
        sessionID = grant.sessionID
        let now = loop.now
        perform(session.authenticated(grant, at: now))
        guard let connection, session.isOpen else { return }
        relay?.note(.handshakeCompleted(opened: connection.openedAt, at: now))
        if let agent = session.agent {
            let lasted = now - min(now, connection.openedAt)
            services.journal.write(
                .connected(agent: agent, extensions: session.extensions, handshake: lasted),
                services.network.description
            )
        }
        scheduleDeadline()
    }

    private func refuse(_ failure: AuthFail, _ claimed: AgentHash?, isReplay: Bool = false) {
        guard let code = failure.knownCode else { return perform(session.ended(by: .internalError)) }
        relay?.note(.authenticationFailed(code: code))
        let entry: ConnectionJournal.Entry =
            isReplay ? .replayed(agent: claimed) : .refused(agent: claimed ?? connection?.agent, code: code)
        services.journal.write(entry, services.network.description)
        perform(
            session.authenticationFailed(
                code: code,
                message: failure.message,
                retryAllowed: failure.retryAllowed,
                retryAfterMilliseconds: failure.retryAfterMilliseconds
            )
        )
    }
}
