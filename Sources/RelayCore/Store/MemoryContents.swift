import DequeModule
import HeapModule
import WireProtocol

/// What a `MemoryStore` holds behind its lock.
struct MemoryContents {
    private struct Expiry: Comparable {
        var at: UnixMilliseconds
        var sequence: Int64

        static func < (lhs: Self, rhs: Self) -> Bool { (lhs.at, lhs.sequence) < (rhs.at, rhs.sequence) }
    }

    private let limits: QueueLimits
    private(set) var isClosed = false
    var pins = MemoryPins()

    private var lastSequence: Int64 = 0
    private var messages: [Int64: Message] = [:]
    private var sequences: [MessageKey: Int64] = [:]
    /// Sequences of each lane, rising. A recipient with nothing queued has no entry.
    private var queues: [AgentHash: [Deque<Int64>]] = [:]
    private var counts = QueueCounts()
    private var remembered = RememberedKeys()
    private var queuedExactlyOnce = 0

    // Both keep entries of messages that have left; `compact` bounds those to twice what is queued.
    private var arrivals: Deque<Int64> = []
    private var expiries = Heap<Expiry>()

    init(limits: QueueLimits) { self.limits = limits }

    mutating func close() {
        self = MemoryContents(limits: limits)
        isClosed = true
    }

    mutating func apply(_ operation: StoreOperation, now: UnixMilliseconds) -> StoreOutcome {
        switch operation {
        case .put(let message): put(message, now: now)
        case .remove(let key): remove(key, now: now) ? .removed : .absent
        }
    }

    private mutating func put(_ message: Message, now: UnixMilliseconds) -> StoreOutcome {
        let key = message.key
        let exactlyOnce = message.mode == .exactlyOnce
        if exactlyOnce { remembered.forget(until: now, limit: .max) }
        if sequences[key] != nil || (exactlyOnce && remembered.contains(key)) { return .duplicate }
        if let limit = counts.limit(reachedBy: key, bytes: message.byteCount, under: limits) { return .refused(limit) }
        if exactlyOnce && queuedExactlyOnce + remembered.count >= limits.deduplicationMaxIDs {
            return .refused(.deduplicationIDs)
        }
        return .stored(sequence: insert(message, key: key))
    }

    private mutating func insert(_ message: Message, key: MessageKey) -> Int64 {
        lastSequence += 1
        messages[lastSequence] = message
        sequences[key] = lastSequence
        let empty = [Deque<Int64>](repeating: [], count: Lane.allCases.count)
        queues[key.recipient, default: empty][Int(message.lane.rawValue)].append(lastSequence)
        counts.add(key, bytes: message.byteCount)
        if message.mode == .exactlyOnce { queuedExactlyOnce += 1 }
        arrivals.append(lastSequence)
        expiries.insert(Expiry(at: message.expiresAt, sequence: lastSequence))
        return lastSequence
    }

    private mutating func remove(_ key: MessageKey, now: UnixMilliseconds) -> Bool {
        guard let sequence = sequences.removeValue(forKey: key) else { return false }
        guard let message = messages.removeValue(forKey: sequence) else { return false }
        removeFromQueue(sequence, recipient: key.recipient, lane: message.lane)
        counts.remove(key, bytes: message.byteCount)
        if message.mode == .exactlyOnce {
            queuedExactlyOnce -= 1
            remembered.insert(key, until: now + QueueLimits.deduplicationWindow)
        }
        compact()
        return true
    }

    private mutating func removeFromQueue(_ sequence: Int64, recipient: AgentHash, lane: Lane) {
        guard var lanes = queues.removeValue(forKey: recipient) else { return }
        let index = lanes[Int(lane.rawValue)].firstIndex(past: sequence - 1)
        lanes[Int(lane.rawValue)].remove(at: index)
        if lanes.contains(where: { !$0.isEmpty }) { queues[recipient] = lanes }
    }

    private mutating func compact() {
        while let first = arrivals.first, messages[first] == nil { arrivals.removeFirst() }
        guard expiries.count > 2 * messages.count + 1024 else { return }
        arrivals.removeAll { messages[$0] == nil }
        expiries = Heap(messages.map { Expiry(at: $0.value.expiresAt, sequence: $0.key) })
    }

    func page(of recipient: AgentHash, past cursor: QueueCursor, cut: PageCut, now: UnixMilliseconds) -> QueuePage {
        var cut = cut
        var page = QueuePage(messages: [], isLast: true)
        guard let lanes = queues[recipient] else { return page }
        for lane in cursor.order {
            let queue = lanes[Int(lane.rawValue)]
            for sequence in queue[queue.firstIndex(past: cursor[lane])...] {
                guard let message = messages[sequence], message.expiresAt > now else { continue }
                guard cut.takes(message.byteCount) else {
                    page.isLast = false
                    return page
                }
                page.messages.append(QueuedMessage(sequence: sequence, message: message))
            }
        }
        return page
    }

    func status(of recipient: AgentHash) -> QueueStatus {
        let lanes = queues[recipient] ?? []
        let oldest = firstSequence(of: recipient).flatMap { messages[$0] }
        return QueueStatus(messages: lanes.reduce(0) { $0 + $1.count }, oldestAcceptedAt: oldest?.acceptedAt)
    }

    mutating func expire(now: UnixMilliseconds, limit: Int) -> [MessageKey] {
        remembered.forget(until: now, limit: limit)
        var expired: [MessageKey] = []
        while expired.count < limit, let next = expiries.min, next.at <= now {
            expiries.removeMin()
            guard let key = messages[next.sequence]?.key, remove(key, now: now) else { continue }
            expired.append(key)
        }
        return expired
    }

    mutating func purge(_ recipient: AgentHash, now: UnixMilliseconds, limit: Int) -> [MessageKey] {
        let sequences = (queues[recipient] ?? []).flatMap { $0.prefix(limit) }.prefix(limit)
        let keys = sequences.compactMap { messages[$0]?.key }
        for key in keys { _ = remove(key, now: now) }
        return keys
    }

    func list(_ question: QueueListQuestion) -> QueueList {
        var ranking = QueueRanking(question)
        for (recipient, load) in counts.ofRecipient {
            ranking.consider(recipient, messages: load.messages, bytes: load.bytes) { firstSequence(of: recipient) }
        }
        let queues = ranking.places.map { place in
            QueueList.Queue(
                recipient: place.recipient,
                messages: place.messages,
                bytes: place.bytes,
                oldestAcceptedAt: firstSequence(of: place.recipient).flatMap { messages[$0]?.acceptedAt }
            )
        }
        return QueueList(queues: queues, agents: counts.ofRecipient.count)
    }

    private func firstSequence(of recipient: AgentHash) -> Int64? { queues[recipient]?.compactMap(\.first).min() }

    var totals: StoreTotals {
        let oldest = arrivals.first.flatMap { messages[$0] }
        return StoreTotals(messages: counts.messages, bytes: counts.bytes, oldestAcceptedAt: oldest?.acceptedAt)
    }
}

extension Deque<Int64> {
    /// The first index of an element over `sequence`; the elements rise.
    fileprivate func firstIndex(past sequence: Int64) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] > sequence { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
