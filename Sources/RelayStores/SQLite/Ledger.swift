import RelayCore
import WireProtocol

/// What the writer knows of the tables without asking them. Follows a transaction to either of its ends.
struct Ledger {
    private struct Scalars {
        var exactlyOnce = 0
        var remembered = 0
        var anonymousPins = 0
        var corruptRows = 0
    }

    private enum Change {
        case added(MessageKey, bytes: Int)
        case removed(MessageKey, bytes: Int)
    }

    private(set) var counts = QueueCounts()
    private var scalars = Scalars()
    private var before = Scalars()
    private var changes: [Change] = []

    /// Keys that are or will be remembered.
    var deduplicationIDs: Int { scalars.exactlyOnce + scalars.remembered }
    var anonymousPins: Int { scalars.anonymousPins }
    var corruptRows: Int { scalars.corruptRows }

    mutating func begin() {
        before = scalars
        changes.removeAll(keepingCapacity: true)
    }

    mutating func rollBack() {
        scalars = before
        for change in changes.reversed() {
            switch change {
            case .added(let key, let bytes): counts.remove(key, bytes: bytes)
            case .removed(let key, let bytes): counts.add(key, bytes: bytes)
            }
        }
        changes.removeAll(keepingCapacity: true)
    }

    mutating func added(_ key: MessageKey, bytes: Int, exactlyOnce: Bool) {
        counts.add(key, bytes: bytes)
        changes.append(.added(key, bytes: bytes))
        if exactlyOnce { scalars.exactlyOnce += 1 }
    }

    /// - Parameter remembered: the key is one more to remember.
    mutating func removed(_ entry: QueueEntry, remembered: Bool) {
        counts.remove(entry.key, bytes: entry.bytes)
        changes.append(.removed(entry.key, bytes: entry.bytes))
        if entry.isExactlyOnce { scalars.exactlyOnce -= 1 }
        if remembered { scalars.remembered += 1 }
    }

    mutating func forgot(_ keys: Int) { scalars.remembered -= keys }

    mutating func pinned(anonymous change: Int) { scalars.anonymousPins += change }
}

extension Ledger {
    /// Counts what the tables hold: one pass over the queue.
    init(countingQueue queue: QueueTable, remembered: RememberedTable, pins: PinTable, corruptRows: Int)
        throws(SQLiteError)
    {
        var counts = QueueCounts()
        var exactlyOnce = 0
        try queue.forEachEntry { entry in
            counts.add(entry.key, bytes: entry.bytes)
            if entry.isExactlyOnce { exactlyOnce += 1 }
        }
        self.counts = counts
        scalars = Scalars(
            exactlyOnce: exactlyOnce,
            remembered: try remembered.count(),
            anonymousPins: try pins.anonymousCount(),
            corruptRows: corruptRows
        )
        before = scalars
    }
}
