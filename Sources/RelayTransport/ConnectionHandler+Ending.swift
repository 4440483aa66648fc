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
        guard case .open = ending, let context else { return }
        ending = .draining(disconnect)
        if let failure = ConnectionFailure(disconnect) { relay?.note(.connectionFailed(failure)) }
        let channel = context.channel
        context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        // Words spoken in this tick are flushed at its end; then it is this one's turn.
        if let connection, connection.outbox.isEmpty { finishEnding() }
    }

    func finishEnding() {
        guard case .draining(let disconnect) = ending, let connection, let context else { return }
        guard connection.outbox.isEmpty else { return }
        ending = .closing(disconnect)
        writeControl(WebSocketEncoder.close(code: disconnect.closeCode, reason: disconnect.reason))
        let channel = context.channel
        // RFC 6455 section 7.1.1: the server closes first, once the peer's close is there or was waited for.
        context.eventLoop.scheduleTask(in: .milliseconds(500)) { channel.close(promise: nil) }
    }

    /// The peer wants to go. Its code comes back to it, as RFC 6455 section 5.5.1 asks.
    func peerClosed(_ code: UInt16?) {
        guard case .open = ending, let context else { return }
        _ = session.ended(by: .agentClosed)
        ending = .closing(.agentClosed)
        writeControl(
            code.map { WebSocketEncoder.close(code: $0, reason: "") } ?? WebSocketEncoder.control(.close, payload: [])
        )
        context.close(mode: .output, promise: nil)
        let channel = context.channel
        context.eventLoop.scheduleTask(in: .milliseconds(500)) { channel.close(promise: nil) }
    }

    func violated(_ violation: WebSocketViolation) {
        _ = session.ended(by: .protocolViolation(.protocolError))
        guard case .open = ending, let context else { return }
        ending = .closing(.protocolViolation(.protocolError))
        relay?.note(.connectionFailed(.protocolViolation))
        writeControl(WebSocketEncoder.close(code: violation.closeCode, reason: violation.reason))
        let channel = context.channel
        context.eventLoop.scheduleTask(in: .milliseconds(500)) { channel.close(promise: nil) }
    }

    /// A frame may not span two WebSocket messages.
    func end(spanning: Void) {
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
        ending = .closed
        self.connection = nil
    }

    func writeControl(_ frame: [UInt8]) {
        context?.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: frame)), promise: nil)
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
            }
    }
}

extension ConnectionFailure {
    /// nil for an end that is nobody's failure.
    init?(_ disconnect: Disconnect) {
        switch disconnect {
        case .agentClosed, .drain: return nil
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
