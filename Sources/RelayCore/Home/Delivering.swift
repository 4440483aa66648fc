import WireProtocol

/// An accepted at-least-once or exactly-once message until it is settled or lies in the store alone. A reference,
/// because the recipient's window and the commit under way speak of the same one; confined to its home's loop.
final class Delivering {
    enum Persistence: Equatable {
        /// There is no queue: the message lives in memory until its recipient acknowledges it.
        case none
        /// In the batch being collected, at this place.
        case collecting(at: Int)
        case committing
        case stored
        /// The store took it not; its recipient may still acknowledge it.
        case refused(NackCode)
    }

    let key: MessageKey
    let message: Message
    let mode: DeliveryMode
    /// Acceptance order at this home: what a resend sorts by.
    let order: UInt64
    var timeline: MessageTimeline
    var persistence: Persistence
    /// Connections whose sends of this message were not answered yet.
    var waiters: [ConnectionRef]
    /// Who sent it first; nil where it came out of the store.
    let origin: ConnectionRef?
    var isSettled = false
    /// A page of the queue held its key while its own commit was not answered: this message, or an older copy of it.
    var isSeenStored = false
    var isQueued = false
    var attempt = 0
    var sentTo: ConnectionRef?
    /// When it is sent again; nil until its write completed.
    var deadline: MonotonicNanoseconds?

    /// The store has it, or may have it though its answer is not here yet.
    var isWithStore: Bool { persistence == .stored || persistence == .committing }

    init(
        message: Message,
        mode: DeliveryMode,
        order: UInt64,
        timeline: MessageTimeline,
        persistence: Persistence,
        waiters: [ConnectionRef]
    ) {
        key = message.key
        self.message = message
        self.mode = mode
        self.order = order
        self.timeline = timeline
        self.persistence = persistence
        self.waiters = waiters
        origin = waiters.first
    }
}
