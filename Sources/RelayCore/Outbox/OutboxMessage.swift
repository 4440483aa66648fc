import NIOCore
import WireProtocol

/// A message on its way to one connection.
struct OutboxMessage: Sendable {
    var flags: FrameFlags
    /// Payload of the MESSAGE frame.
    var payload: ByteBuffer
    var lane: Lane
    var expiresAt: UnixMilliseconds
    var record: WriteRecord
    /// Who sent it; nil of what came out of the store.
    var sender: ConnectionRef?
    /// Its payload is being converted, and lies there until it is.
    var ticket: UInt64?
}

/// What is remembered of a message while its bytes are on their way to the socket.
struct WriteRecord: Sendable {
    var identity: MessageIdentity
    var timeline: MessageTimeline
    var mode: DeliveryMode
    /// Its home waits for word of it; best effort has none and ends here.
    var hasHome: Bool
    var isQueued = false
    var attempt: UInt8 = 1
}

extension WriteRecord {
    /// Of a best-effort message, which no home waits for.
    init(bestEffort identity: MessageIdentity, received: MonotonicNanoseconds) {
        self.init(
            identity: identity,
            timeline: MessageTimeline(received: received),
            mode: .bestEffort,
            hasHome: false
        )
    }
}
