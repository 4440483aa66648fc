import Logging
import Synchronization

/// One reader of the log as it is written. To be used by one thread at a time, and closed.
public final class LogFollower: Sendable {
    private let tail: LogTail
    private let id: UInt64
    private let filter: LogFilter
    private let earlier: Mutex<[LogEntry]>

    init(_ tail: LogTail, id: UInt64, _ filter: LogFilter, earlier: [LogEntry]) {
        (self.tail, self.id, self.filter) = (tail, id, filter)
        self.earlier = Mutex(earlier)
    }

    deinit { close() }

    /// What there is to show, empty where that is nothing yet. A first line says what went by unread.
    public func next() -> [LogEntry] {
        let earlier = self.earlier.withLock { entries in
            defer { entries = [] }
            return entries
        }
        guard earlier.isEmpty else { return earlier }
        while true {
            let (records, missed) = tail.read(id)
            let entries = (missed > 0 ? [Self.line(missed: missed)] : []) + records.filter(filter.admits).map(\.entry)
            if !entries.isEmpty || records.isEmpty { return entries }
        }
    }

    /// Calls once, from any thread, when `next` may have something; at once where it has.
    public func whenMore(_ wake: @escaping @Sendable () -> Void) { tail.whenMore(id, wake) }

    public func close() { tail.leave(id) }

    private static func line(missed: UInt64) -> LogEntry {
        LogEntry(
            time: WallClock.unixMilliseconds(),
            level: .warning,
            message: "log records not shown: they came faster than they were read",
            logger: "log",
            fields: ["not_shown": .stringConvertible(missed)]
        )
    }
}
