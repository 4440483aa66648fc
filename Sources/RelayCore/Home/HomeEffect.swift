import WireProtocol

/// What a home wants done. The relay of its loop carries it out, in order.
enum HomeEffect {
    case registered(ConnectionRef, epoch: UInt64?)
    case route(AgentHash, primary: ConnectionRef?, epoch: UInt64)
    case deliver(ConnectionRef, OutboxMessage)
    case answer(ConnectionRef, Answer)
    case commit(batch: UInt64, [StoreOperation])
    case load(QueueReading)
    case fact(MessageFact)
    case event(RelayEvent)
}

/// A page of a recipient's queue asked of the store.
struct QueueReading: Sendable, Equatable {
    var recipient: AgentHash
    var reading: UInt64
    var cursor: QueueCursor
    var maxMessages: Int
    var maxBytes: Int
}
