public import NIOCore
public import WireProtocol

/// Milliseconds since 1970 by the relay's wall clock. What outlives the process (stored rows, documents) carries it;
/// intervals never do.
public typealias UnixMilliseconds = UInt64

/// An accepted message that the relay owns: what a queue holds and a redelivery sends again.
public struct Message: Sendable, Equatable {
    public var routing: RoutingHeader
    /// As the sender set them, less what this relay consumed.
    public var flags: FrameFlags
    /// The payload of its MESSAGE frame: the 96 bytes of `routing`, trace context where TRACED, envelope. A store keeps
    /// these bytes and reads `routing` back out of them.
    public var payload: ByteBuffer
    public var acceptedAt: UnixMilliseconds
    /// From TTL, or the queue's retention where TTL is 0.
    public var expiresAt: UnixMilliseconds

    public init(
        routing: RoutingHeader,
        flags: FrameFlags,
        payload: ByteBuffer,
        acceptedAt: UnixMilliseconds,
        expiresAt: UnixMilliseconds
    ) {
        self.routing = routing
        self.flags = flags
        self.payload = payload
        self.acceptedAt = acceptedAt
        self.expiresAt = expiresAt
    }

    public var key: MessageKey {
        MessageKey(recipient: routing.recipient, sender: routing.sender, id: routing.id)
    }
    /// nil where the delivery byte is not one the protocol defines.
    public var mode: DeliveryMode? { routing.mode(flags: flags) }
    public var lane: Lane { routing.lane(flags: flags) }
    public var byteCount: Int { payload.readableBytes }
}

/// What makes a message one message: ids are unique for one sender only.
public struct MessageKey: Hashable, Sendable {
    public var recipient: AgentHash
    public var sender: AgentHash
    public var id: MessageID

    public init(recipient: AgentHash, sender: AgentHash, id: MessageID) {
        self.recipient = recipient
        self.sender = sender
        self.id = id
    }

    public func _rawHashValue(seed: Int) -> Int {
        id.hashValue(from: sender, to: recipient, seed: seed)
    }
}
