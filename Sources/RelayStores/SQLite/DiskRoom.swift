import CSQLite
import RelayCore

/// What a full disk leaves owing. A small transaction often fits where a larger one failed, so neither it nor the
/// quiet after the traffic is a sign of room: as much as failed must fit, or `leastRoom`.
struct DiskRoom {
    /// A disk with less than this is as good as full.
    static let leastRoom = 1 << 20
    /// One transaction takes about this much (`Writer.Settings.maxTransactionBytes`).
    static let mostRoom = 8 << 20

    /// Bytes that must fit before the disk counts as recovered; 0 where nothing failed.
    private(set) var owed = 0
    private var backoff = Backoff()

    mutating func failed(bytes: Int, at now: MonotonicNanoseconds) {
        // Traffic that goes on failing must not put the next proof off.
        if owed == 0 { backoff.failed(at: now) }
        owed = min(max(owed, bytes, Self.leastRoom), Self.mostRoom)
    }

    mutating func proofFailed(at now: MonotonicNanoseconds) { backoff.failed(at: now) }

    /// - Returns: whether nothing is owed (any more).
    mutating func succeeded(bytes: Int) -> Bool {
        if bytes >= owed { self = DiskRoom() }
        return owed == 0
    }

    func isWorthProving(at now: MonotonicNanoseconds) -> Bool { owed > 0 && backoff.allows(at: now) }
}

extension SQLiteConnection {
    /// Writes `bytes` into log and database, durably, and gives them back to the tables. The log begins anew before:
    /// where queues were emptied meanwhile, the room is inside the files.
    func proveRoom(for bytes: Int) throws(SQLiteError) {
        try checkpoint(.restart)
        try execute("DROP TABLE IF EXISTS room; CREATE TABLE room AS SELECT zeroblob(\(bytes)) AS bytes")
        try checkpoint(.restart)
        try execute("DROP TABLE room")
    }
}
