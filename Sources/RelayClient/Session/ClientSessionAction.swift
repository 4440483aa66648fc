import WireProtocol

/// What the shell of a session is to do.
enum ClientSessionAction: Equatable, Sendable {
    case none
    case send([OutgoingFrame])
    case opened(SessionTerms)
    case message(IncomingFrame)
    /// A message whose compressed envelope is not what its sender said.
    case unreadable(IncomingFrame)
    /// The relay took these over, or their recipient did.
    case acknowledged([MessageID], AckType)
    case refused(Nack)
    case goingAway(GoAway)
    /// Send what is given, flush, close. The session takes no further frame.
    case end(ConnectionFailure, sending: [OutgoingFrame])
}

/// A MESSAGE for this agent, its checksum verified.
struct IncomingFrame: Equatable, Sendable {
    var routing: RoutingHeader
    var mode: DeliveryMode
    var isEncrypted: Bool
    var trace: TraceContext?
    var envelope: [UInt8]
}
