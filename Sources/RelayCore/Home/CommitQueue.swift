import WireProtocol

/// Collects what the store is to do, a batch at a time, and holds the batches under commit.
struct CommitQueue {
    enum Entry {
        case put(Delivering)
        case remove(MessageKey)
        /// Acknowledged before it was written: never will be.
        case elided
    }

    struct Batch {
        var entries: [Entry] = []
        var firstAt: MonotonicNanoseconds = 0
        var bytes = 0
        var elided = 0
        /// It holds a message whose recipient is not about to make the commit needless.
        var isUrgent = false
    }

    private(set) var collecting = Batch()
    private(set) var committing: [UInt64: (batch: Batch, startedAt: MonotonicNanoseconds)] = [:]
    private(set) var committingBytes = 0
    private var putsCollecting = 0
    private var nextID: UInt64 = 0

    /// Bytes of messages not durable yet.
    var pendingBytes: Int { collecting.bytes + committingBytes }

    mutating func put(_ delivering: Delivering, isUrgent: Bool, at now: MonotonicNanoseconds) {
        start(at: now)
        delivering.persistence = .collecting(at: collecting.entries.count)
        collecting.entries.append(.put(delivering))
        collecting.bytes += delivering.message.byteCount
        collecting.isUrgent = collecting.isUrgent || isUrgent
        putsCollecting += 1
    }

    mutating func remove(_ key: MessageKey, at now: MonotonicNanoseconds) {
        start(at: now)
        collecting.entries.append(.remove(key))
    }

    mutating func elide(at index: Int) {
        guard case .put(let delivering) = collecting.entries[index] else { return }
        collecting.entries[index] = .elided
        collecting.bytes -= delivering.message.byteCount
        collecting.elided += 1
        putsCollecting -= 1
    }

    mutating func markUrgent() { collecting.isUrgent = true }

    private mutating func start(at now: MonotonicNanoseconds) {
        if collecting.entries.isEmpty { collecting.firstAt = now }
    }

    func deadline(settings: RelaySettings) -> MonotonicNanoseconds? {
        guard !collecting.entries.isEmpty else { return nil }
        if collecting.isUrgent, committing.isEmpty { return collecting.firstAt }
        return collecting.firstAt + (putsCollecting > 0 ? settings.commitWindow : settings.removalWindow)
    }

    /// The collected batch, to be committed now; nil where all of it was elided.
    mutating func submit(at now: MonotonicNanoseconds) -> (id: UInt64, operations: [StoreOperation])? {
        var batch = collecting
        collecting = Batch()
        putsCollecting = 0
        if batch.elided > 0 { batch.entries.removeAll { if case .elided = $0 { true } else { false } } }
        guard !batch.entries.isEmpty else { return nil }
        nextID += 1
        committing[nextID] = (batch, now)
        committingBytes += batch.bytes
        var operations: [StoreOperation] = []
        operations.reserveCapacity(batch.entries.count)
        for entry in batch.entries {
            switch entry {
            case .put(let delivering):
                delivering.persistence = .committing
                operations.append(.put(delivering.message))
            case .remove(let key): operations.append(.remove(key))
            case .elided: break
            }
        }
        return (nextID, operations)
    }

    mutating func finish(_ id: UInt64) -> (batch: Batch, startedAt: MonotonicNanoseconds)? {
        guard let finished = committing.removeValue(forKey: id) else { return nil }
        committingBytes -= finished.batch.bytes
        return finished
    }
}
