public import RelayCore

/// What a PostgreSQL store counted since it was opened.
public struct PostgresStatistics: Sendable, Equatable {
    /// Transactions that the server said are done.
    public var commits = 0
    public var lastCommitNanoseconds: MonotonicNanoseconds = 0
    /// Connections for writing that could be used.
    public var connections = 0
    /// Messages passed over by a load because they were not what was written, each time.
    public var corruptRows = 0
    /// Calls refused because too many bytes waited for answers.
    public var refused = 0
    /// Of calls not answered.
    public var bytesInFlight = 0
    /// What makes an acknowledgement worth less than it says; nil for nothing.
    public var complaint: String?

    mutating func committed(nanoseconds: MonotonicNanoseconds) {
        commits += 1
        lastCommitNanoseconds = nanoseconds
    }
}
