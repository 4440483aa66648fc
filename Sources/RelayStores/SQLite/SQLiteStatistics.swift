public import RelayCore

/// What a SQLite store counted since it was opened.
public struct SQLiteStatistics: Sendable, Equatable {
    /// Transactions that became durable.
    public var commits = 0
    /// Puts and removals in them.
    public var operations = 0
    /// Messages stored and removed in them.
    public var rows = 0
    public var commitNanoseconds: MonotonicNanoseconds = 0
    public var lastCommitNanoseconds: MonotonicNanoseconds = 0
    public var lastCommitOperations = 0
    public var checkpoints = 0
    /// Transactions and reads that failed, by kind.
    public var failures: [SQLiteFailureKind: Int] = [:]
    /// Times the database was opened again after a failure.
    public var reopened = 0
    /// Rows put aside because they were not what was written, by this opening or since.
    public var corruptRows = 0
    /// Those of earlier runs included.
    public var rowsKeptAside = 0
    /// Submitted and not completed, in bytes.
    public var inboxBytes = 0
    /// Calls refused because that was over its bound.
    public var inboxRefused = 0
    public var databaseBytes = 0
    public var logBytes = 0

    mutating func committed(operations: Int, rows: Int, nanoseconds: MonotonicNanoseconds) {
        commits += 1
        self.operations += operations
        self.rows += rows
        commitNanoseconds += nanoseconds
        lastCommitNanoseconds = nanoseconds
        lastCommitOperations = operations
    }
}

public enum SQLiteFailureKind: String, Sendable, CaseIterable {
    case diskFull = "disk_full"
    case inputOutput = "io"
    case busy
    case corrupt
    case other
}
