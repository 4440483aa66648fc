/// Why an open connection is no more, from the side that ended it. A closed set: it becomes a label.
public enum CloseReason: String, Sendable, CaseIterable {
    case agentClosed = "agent_closed"
    /// The agent sent a fatal ERROR.
    case agentFailed = "agent_failed"
    case drain
    case protocolViolation = "protocol"
    case textMessage = "text_message"
    case tooLarge = "too_large"
    case `internal`
    case overloaded
    case authentication
    case handshakeTimeout = "handshake_timeout"
    case keepaliveTimeout = "keepalive_timeout"
    case idle
    case slowConsumer = "slow_consumer"
    /// `moltrelay connections close`.
    case operatorClosed = "operator"
    /// Reset, unreachable, or closed without a close frame.
    case lost
}
