import DequeModule
import WireProtocol

/// What a home knows of one agent that has connections, messages under way, or both.
struct Recipient {
    enum Backlog: Equatable {
        /// Nothing is stored past the cursor: a new message may be sent at once.
        case read
        /// Something may be.
        case unread
        /// A load is under way; `isStale` where more was stored meanwhile.
        case loading(isStale: Bool)
        /// The last load failed and is tried again at the next sweep.
        case failed
    }

    /// Oldest first; the last is the primary.
    var connections: [ConnectionRef] = []
    /// Sent and not acknowledged. Keyed by id alone, as an ACK is: equal ids of two senders are never in it at once.
    var window: [MessageID: Delivering] = [:]
    var windowBytes = 0
    /// Accepted, not sent, and not known to be stored, in order.
    var behind: Deque<Delivering> = []
    var cursor = QueueCursor.start
    var backlog = Backlog.unread
    /// Connections whose outbox is past its high watermark.
    var pressed: Set<ConnectionRef> = []
    /// Removed from the store since the load under way was asked for: its page may still hold them.
    var gone: Set<MessageKey> = []
    /// The load under way, by a number no other load of this home has: a late answer to an earlier one is thrown away,
    /// also where the agent was forgotten and came back meanwhile.
    var reading: UInt64 = 0

    var primary: ConnectionRef? { connections.last }
    var isPressed: Bool { primary.map(pressed.contains) ?? false }
    var isForgettable: Bool { connections.isEmpty && window.isEmpty && behind.isEmpty }

    func hasRoom(for bytes: Int, settings: RelaySettings) -> Bool {
        window.count < settings.maxInFlightMessages
            && (window.isEmpty || windowBytes + bytes <= settings.maxInFlightBytes)
    }

    mutating func insert(_ delivering: Delivering) {
        window[delivering.key.id] = delivering
        windowBytes += delivering.message.byteCount
    }

    @discardableResult
    mutating func remove(_ id: MessageID) -> Delivering? {
        guard let delivering = window.removeValue(forKey: id) else { return nil }
        windowBytes -= delivering.message.byteCount
        return delivering
    }

    func inWindow(_ key: MessageKey) -> Delivering? {
        guard let delivering = window[key.id], delivering.key == key else { return nil }
        return delivering
    }

    /// The queue is read from its start again: at each AUTH_OK, and after everything sent was lost with a connection.
    mutating func rewind() {
        cursor = .start
        backlog = .unread
        gone = []
    }
}
