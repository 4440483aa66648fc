import WireProtocol

/// Tells a message that comes again from one that is new, over the last `capacity` messages.
struct RepeatWindow: Sendable {
    struct Key: Hashable, Sendable {
        var sender: AgentHash
        var id: MessageID
    }

    enum Verdict: Equatable {
        case new
        /// Given out, and not acknowledged yet: that will settle the repetition too.
        case outstanding
        /// Acknowledged; that did not reach the relay, or came too late for it.
        case acknowledged(AckType)
    }

    private let capacity: Int
    /// nil: not acknowledged yet.
    private var known: [Key: AckType?] = [:]
    private var ring: [Key] = []
    private var oldest = 0

    init(capacity: Int) { self.capacity = max(capacity, 1) }

    mutating func received(_ key: Key) -> Verdict {
        if let state = known[key] { return state.map { .acknowledged($0) } ?? .outstanding }
        known[key] = .some(nil)
        if ring.count < capacity {
            ring.append(key)
        } else {
            known[ring[oldest]] = nil
            ring[oldest] = key
            oldest = (oldest + 1) % capacity
        }
        return .new
    }

    /// - Returns: whether an ACK is due: the first time only.
    mutating func acknowledged(_ key: Key, _ type: AckType) -> Bool {
        guard let state = known[key] else { return true }
        guard state == nil else { return false }
        known[key] = .some(type)
        return true
    }
}
