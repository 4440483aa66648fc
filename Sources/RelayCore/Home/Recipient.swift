import DequeModule
import WireProtocol

/// What a home knows of one agent that has connections, messages under way, or both. A reference, because each message
/// looks at several of its tables and a copy would retain them all; confined to its home's loop.
final class Recipient {
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

    let agent: AgentHash
    /// Oldest first; the last is the primary.
    var connections: [ConnectionRef] = []
    /// Sent and not acknowledged. Keyed by id alone, as an ACK is: equal ids of two senders are never in it at once.
    var window: [MessageID: Delivering] = [:]
    var windowBytes = 0
    /// Accepted, not sent, and not known to be stored, in order.
    var behind: Deque<Delivering> = []
    var cursor = QueueCursor.start
    /// Pages asked for since the queue was read from its start: whose turn the next one is.
    var pages = 0
    var backlog = Backlog.unread
    /// Connections whose outbox is past its high watermark.
    var pressed: Set<ConnectionRef> = []
    /// Removed from the store since the load under way was asked for: its page may still hold them.
    var gone: Set<MessageKey> = []
    /// The load under way, by a number no other load of this home has: a late answer to an earlier one is thrown away,
    /// also where the agent was forgotten and came back meanwhile.
    var reading: UInt64 = 0
    /// The next sweep looks at it.
    var isWatched = false

    init(_ agent: AgentHash) { self.agent = agent }

    var primary: ConnectionRef? { connections.last }
    var isPressed: Bool { primary.map(pressed.contains) ?? false }
    var isForgettable: Bool { connections.isEmpty && window.isEmpty && behind.isEmpty }

    /// Something here may be due for a resend, or could not be read or sent when it was to be.
    var needsSweep: Bool {
        guard window.isEmpty, primary != nil else { return !window.isEmpty }
        return !behind.isEmpty || backlog == .unread || backlog == .failed
    }

    func hasRoom(for bytes: Int, settings: RelaySettings) -> Bool {
        window.count < settings.maxInFlightMessages
            && (window.isEmpty || windowBytes + bytes <= settings.maxInFlightBytes)
    }

    func insert(_ delivering: Delivering) {
        window[delivering.key.id] = delivering
        windowBytes += delivering.message.byteCount
    }

    @discardableResult
    func remove(_ id: MessageID) -> Delivering? {
        guard let delivering = window.removeValue(forKey: id) else { return nil }
        windowBytes -= delivering.message.byteCount
        return delivering
    }

    func inWindow(_ key: MessageKey) -> Delivering? {
        guard let delivering = window[key.id], delivering.key == key else { return nil }
        return delivering
    }

    /// The store has removed it: a page that was read before must not bring it back.
    func noteGone(_ key: MessageKey) {
        if case .loading = backlog { gone.insert(key) }
    }

    /// The queue is read from its start again: at each AUTH_OK, and after everything sent was lost with a connection.
    func rewind() {
        cursor = .start
        pages = 0
        backlog = .unread
        gone = []
    }
}
