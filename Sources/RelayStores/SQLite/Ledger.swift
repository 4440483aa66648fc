import RelayCore
import WireProtocol

/// What the writer knows of the tables without asking them: counts, and where each queued key is. Follows a transaction
/// to either of its ends.
struct Ledger {
    private struct Scalars {
        var exactlyOnce = 0
        var remembered = 0
        var anonymousPins = 0
    }

    enum Change {
        case added(QueueEntry)
        case removed(QueueEntry)
    }

    private(set) var counts = QueueCounts()
    private(set) var keys = KeyIndex()
    /// Damaged ones, of earlier runs too.
    var rowsKeptAside = 0
    /// Whole or not.
    var rows: Int { counts.messages + rowsKeptAside }
    /// Of the transaction.
    private(set) var changes: [Change] = []
    private var scalars = Scalars()
    private var before = Scalars()

    /// Keys that are or will be remembered.
    var deduplicationIDs: Int { scalars.exactlyOnce + scalars.remembered }
    var anonymousPins: Int { scalars.anonymousPins }

    init(remembered: Int = 0, anonymousPins: Int = 0) {
        scalars = Scalars(remembered: remembered, anonymousPins: anonymousPins)
    }

    mutating func begin() {
        before = scalars
        changes.removeAll(keepingCapacity: true)
    }

    mutating func rollBack() {
        scalars = before
        for change in changes.reversed() {
            switch change {
            case .added(let entry): take(entry)
            case .removed(let entry): put(entry)
            }
        }
        changes.removeAll(keepingCapacity: true)
    }

    mutating func added(_ entry: QueueEntry) {
        put(entry)
        changes.append(.added(entry))
        if entry.isExactlyOnce { scalars.exactlyOnce += 1 }
    }

    /// - Parameter remembered: the key is one more to remember.
    mutating func removed(_ entry: QueueEntry, remembered: Bool) {
        take(entry)
        changes.append(.removed(entry))
        if entry.isExactlyOnce { scalars.exactlyOnce -= 1 }
        if remembered { scalars.remembered += 1 }
    }

    mutating func forgot(_ keys: Int) { scalars.remembered -= keys }

    mutating func pinned(anonymous change: Int) { scalars.anonymousPins += change }

    /// A row found in the queue, outside of any transaction.
    mutating func found(_ entry: QueueEntry) {
        put(entry)
        if entry.isExactlyOnce { scalars.exactlyOnce += 1 }
    }

    private mutating func put(_ entry: QueueEntry) {
        counts.add(entry.key, bytes: entry.bytes)
        keys.insert(entry.key, sequence: entry.sequence)
    }

    private mutating func take(_ entry: QueueEntry) {
        counts.remove(entry.key, bytes: entry.bytes)
        keys.remove(entry.key, sequence: entry.sequence)
    }
}
