import NIOCore
import RelayCore
import WireProtocol

/// How far the end of a connection has come.
enum Ending {
    case open
    /// What is in the outbox leaves first, the last words of the relay among it.
    case draining(Disconnect)
    /// The close frame is out; the peer's is awaited.
    case closing(Disconnect)
    case closed

    var takesInput: Bool {
        switch self {
        case .open: true
        case .draining, .closing, .closed: false
        }
    }

    var takesOutput: Bool {
        switch self {
        case .open, .draining: true
        case .closing, .closed: false
        }
    }
}

extension ConnectionHandler: ConnectionSocket {
    func disconnect(_ disconnect: Disconnect) { perform(session.ended(by: disconnect)) }

    func drain(reconnectAfterMilliseconds: UInt64, alternateRelay: String?) {
        perform(
            session.drainStarted(
                reconnectAfterMilliseconds: reconnectAfterMilliseconds,
                alternateRelay: alternateRelay
            )
        )
    }

    /// The session has ended: last words, close frame, close. A peer that does not take them is cut off after a second.
    func begin(_ disconnect: Disconnect) {
        guard case .open = ending else { return }
        ending = .draining(disconnect)
        if let failure = ConnectionFailure(disconnect) { relay?.note(.connectionFailed(failure)) }
        cutOff(after: .seconds(1))
        // Words spoken in this tick are flushed at its end; then it is this one's turn.
        finishEnding()
    }

    func finishEnding() {
        guard case .draining(let disconnect) = ending, let connection else { return }
        guard connection.outbox.hasLeft(messagesToo: disconnect.isOrderly) else { return }
        ending = .closing(disconnect)
        writeControl(WebSocketEncoder.close(code: disconnect.closeCode, reason: disconnect.reason))
        // RFC 6455 section 7.1.1: the server closes first, once the peer's close is there or was waited for.
        if hasPeerClosed { context?.close(mode: .output, promise: nil) }
        cutOff(after: .milliseconds(500))
    }

    private func cutOff(after time: TimeAmount) {
        guard let channel = context?.channel else { return }
        channel.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }

    /// The peer wants to go, or agrees to. Its code comes back to it, as RFC 6455 section 5.5.1 asks.
    func peerClosed(_ code: UInt16?) {
        switch ending {
        case .open:
            _ = session.ended(by: .agentClosed)
            ending = .closing(.agentClosed)
            writeControl(
                code.map { WebSocketEncoder.close(code: $0, reason: "") }
                    ?? WebSocketEncoder.control(.close, payload: [])
            )
            context?.close(mode: .output, promise: nil)
            cutOff(after: .milliseconds(500))
        case .draining: hasPeerClosed = true
        case .closing: context?.close(promise: nil)
        case .closed: break
        }
    }

    func violated(_ violation: WebSocketViolation) {
        guard case .open = ending else { return }
        let disconnect = Disconnect.protocolViolation(.protocolError)
        _ = session.ended(by: disconnect)
        ending = .closing(disconnect)
        relay?.note(.connectionFailed(.protocolViolation))
        writeControl(WebSocketEncoder.close(code: violation.closeCode, reason: violation.reason))
        cutOff(after: .milliseconds(500))
    }

    /// A frame may not span two WebSocket messages.
    func endedMidFrame() {
        let error = ProtocolError(
            code: .protocolError,
            message: "a frame does not end with its WebSocket message",
            fatal: true
        )
        guard case .disconnect(let disconnect, _) = session.ended(by: .protocolViolation(.protocolError)) else {
            return
        }
        perform(.disconnect(disconnect, sending: [OutgoingFrame(error)]))
    }

    func failed(_ failure: ConnectionFailure) {
        guard case .open = ending else { return }
        relay?.note(.connectionFailed(failure))
        _ = session.ended(by: .agentClosed)
        ending = .closed
    }

    func closed() {
        _ = session.ended(by: .agentClosed)
        guard let connection else { return }
        relay?.close(connection, reason: ending.reason)
        let lasted = loop.now - min(loop.now, connection.openedAt)
        services.journal.write(
            .disconnected(agent: session.agent, reason: ending.reason, lasted: lasted),
            services.network.description
        )
        ending = .closed
        self.connection = nil
    }
}

extension Ending {
    var reason: CloseReason {
        switch self {
        case .open, .closed: .lost
        case .draining(let disconnect), .closing(let disconnect): CloseReason(disconnect)
        }
    }
}

extension Disconnect {
    /// The peer has done nothing wrong, so what the relay has for it leaves before the close frame. From any other its
    /// last words are all: messages that keep coming for it must not keep it.
    fileprivate var isOrderly: Bool {
        switch self {
        case .drain, .operatorClosed: true
        default: false
        }
    }
}

extension CloseReason {
    init(_ disconnect: Disconnect) {
        self =
            switch disconnect {
            case .agentClosed: .agentClosed
            case .agentFailed: .agentFailed
            case .drain: .drain
            case .protocolViolation: .protocolViolation
            case .textMessage: .textMessage
            case .tooLarge: .tooLarge
            case .internalError: .internal
            case .overloaded: .overloaded
            case .authentication: .authentication
            case .handshakeTimeout: .handshakeTimeout
            case .keepaliveMissed: .keepaliveTimeout
            case .idle: .idle
            case .slowConsumer: .slowConsumer
            case .operatorClosed: .operatorClosed
            }
    }
}

extension ConnectionFailure {
    /// nil for an end that is nobody's failure.
    init?(_ disconnect: Disconnect) {
        switch disconnect {
        case .agentClosed, .drain, .operatorClosed: return nil
        case .agentFailed, .protocolViolation, .textMessage: self = .protocolViolation
        case .tooLarge: self = .tooLarge
        case .internalError: self = .internal
        case .overloaded: self = .limit
        case .authentication: self = .authentication
        case .handshakeTimeout: self = .handshakeTimeout
        case .keepaliveMissed, .idle: self = .keepaliveTimeout
        case .slowConsumer: self = .slowConsumer
        }
    }
}
