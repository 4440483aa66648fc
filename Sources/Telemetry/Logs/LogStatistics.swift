/// What became of the log records of this process so far.
public struct LogStatistics: Sendable, Equatable {
    /// Whole lines the output has taken.
    public internal(set) var written: UInt64 = 0
    public internal(set) var bytes: UInt64 = 0
    /// Records that found the buffer full, or that the journal refused for what they are.
    public internal(set) var dropped = LogLevelCounts()
    /// Records that repeated one too often.
    public internal(set) var heldBack: UInt64 = 0
    /// Calls to the output that failed. What they were to write is kept and tried again.
    public internal(set) var writeErrors: UInt64 = 0
    /// Times a non-blocking output was full.
    public internal(set) var stalls: UInt64 = 0
}
