/// Why a connection ends: close code, constant reason, and whether to come back. docs/protocol.md has the table.
public enum Disconnect: Equatable, Sendable {
    case agentClosed
    /// The agent sent a fatal ERROR.
    case agentFailed
    case drain(reconnectAfterMilliseconds: UInt64?)
    case protocolViolation(ErrorCode)
    case textMessage
    case tooLarge
    case internalError
    /// The relay has no memory or room for this connection now.
    case overloaded(reconnectAfterMilliseconds: UInt64?)
    case authentication(AuthFailCode, reconnectAfterMilliseconds: UInt64?)
    case handshakeTimeout
    case keepaliveMissed
    case idle
    case slowConsumer
    /// By hand, this connection alone.
    case operatorClosed(reconnectAfterMilliseconds: UInt64?)

    /// WebSocket close code (RFC 6455 section 7.4; 4000 and up are the protocol's own).
    public var closeCode: UInt16 {
        switch self {
        case .agentClosed, .agentFailed: 1000
        case .drain: 1001
        case .protocolViolation: 1002
        case .textMessage: 1003
        case .tooLarge: 1009
        case .internalError: 1011
        case .overloaded: 1013
        case .authentication: 4001
        case .handshakeTimeout: 4002
        case .keepaliveMissed: 4003
        case .idle: 4004
        case .slowConsumer: 4005
        case .operatorClosed: 4006
        }
    }

    /// At most 123 bytes, as a close frame has room for.
    public var reason: String {
        switch self {
        case .agentClosed: "closed by the agent"
        case .agentFailed: "the agent reported a fatal error"
        case .drain: "relay is draining"
        case .protocolViolation(.authRequired): "authentication required"
        case .protocolViolation: "protocol violation"
        case .textMessage: "text messages are not part of the protocol"
        case .tooLarge: "frame too large"
        case .internalError: "internal error"
        case .overloaded: "relay is overloaded"
        case .authentication: "authentication failed"
        case .handshakeTimeout: "handshake took too long"
        case .keepaliveMissed: "keepalive not answered"
        case .idle: "idle"
        case .slowConsumer: "slow consumer"
        case .operatorClosed: "closed by the relay's operator"
        }
    }

    /// nil where trying again without a change will not help; 0 where the agent's own back-off is enough.
    public var reconnectAfterMilliseconds: UInt64? {
        switch self {
        case .drain(let delay), .overloaded(let delay), .operatorClosed(let delay): delay ?? 0
        case .authentication(_, let delay): delay
        case .internalError, .handshakeTimeout, .keepaliveMissed, .idle, .slowConsumer, .agentClosed: 0
        case .agentFailed, .protocolViolation, .textMessage, .tooLarge: nil
        }
    }
}
