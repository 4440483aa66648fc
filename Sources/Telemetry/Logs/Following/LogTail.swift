import Logging
import Synchronization

/// The last records of the log in memory, and who follows them live.
///
/// A reader has no buffer of its own, only its place among the records: one that is slow or stuck costs a logger
/// nothing, and is told how many went by when it reads on.
public final class LogTail: Sendable {
    public static let defaultCapacity = 1 << 20
    public static let maxFollowers = 8
    /// Looked at under the lock that loggers take.
    static let batch = 64

    private let state: Mutex<State>
    /// Of the most curious follower; one past the last where nobody asks for more than is written.
    private let levelIndex = Atomic(Logger.Level.byIndex.count)

    fileprivate struct State {
        var ring: LogRing
        var readers: [UInt64: Reader] = [:]
        var lastReader: UInt64 = 0
        var missed: UInt64 = 0
    }

    fileprivate struct Reader {
        var filter: LogFilter
        var place: UInt64
        /// Of the level it asked for, gone before it read them.
        var missed: UInt64 = 0
        var wake: (@Sendable () -> Void)?
    }

    /// - Parameter capacity: bytes of memory, as reckoned.
    init(capacity: Int = LogTail.defaultCapacity) {
        state = Mutex(State(ring: LogRing(capacity: capacity)))
    }

    public var followers: Int { state.withLock { $0.readers.count } }

    /// Records that followers came too late for, since the start.
    public var missed: UInt64 { state.withLock { $0.missed } }

    /// Whether somebody follows at this level.
    func wants(_ level: Logger.Level) -> Bool { level.index >= levelIndex.load(ordering: .relaxed) }

    /// The least of that and `level`.
    func lowered(_ level: Logger.Level) -> Logger.Level {
        let wanted = levelIndex.load(ordering: .relaxed)
        return wanted < level.index ? Logger.Level.byIndex[wanted] : level
    }

    func append(_ record: LogRecord) {
        for wake in state.withLock({ $0.append(record) }) { wake() }
    }

    /// The last records that pass, the oldest first.
    public func last(_ count: Int, _ filter: LogFilter) -> [LogEntry] { search(count, filter, before: nil) }

    /// nil where as many as may follow already do.
    /// - Parameter count: of the records before now that it begins with.
    public func follow(_ filter: LogFilter, last count: Int) -> LogFollower? {
        let opened = state.withLock { state -> (id: UInt64, place: UInt64)? in
            guard state.readers.count < Self.maxFollowers else { return nil }
            state.lastReader += 1
            state.readers[state.lastReader] = Reader(filter: filter, place: state.ring.next)
            note(state.readers)
            return (state.lastReader, state.ring.next)
        }
        return opened.map { id, place in
            LogFollower(self, id: id, filter, earlier: search(count, filter, before: place))
        }
    }

    /// - Parameter place: the number after the newest looked at; nil for all there is.
    private func search(_ count: Int, _ filter: LogFilter, before place: UInt64?) -> [LogEntry] {
        var found: [LogEntry] = []
        var end = place ?? state.withLock { $0.ring.next }
        while found.count < count {
            let records = state.withLock { state in state.ring.records(endingAt: end, Self.batch) }
            guard !records.isEmpty else { break }
            end -= UInt64(records.count)
            found += records.reversed().lazy.filter(filter.admits).map(\.entry).prefix(count - found.count)
        }
        return found.reversed()
    }

    private func note(_ readers: [UInt64: Reader]) {
        let least = readers.values.compactMap(\.filter.level?.index).min()
        levelIndex.store(least ?? Logger.Level.byIndex.count, ordering: .relaxed)
    }
}

/// A follower's side.
extension LogTail {
    /// What follows the reader's place, at most a batch, and how many are gone that it had not read.
    func read(_ id: UInt64) -> (records: [LogRecord], missed: UInt64) {
        state.withLock { state in
            guard let reader = state.readers[id] else { return ([], 0) }
            let start = max(reader.place, state.ring.first)
            let records = state.ring.records(from: start, Self.batch)
            state.readers[id]?.place = start + UInt64(records.count)
            state.readers[id]?.missed = 0
            return (records, reader.missed)
        }
    }

    func whenMore(_ id: UInt64, _ wake: @escaping @Sendable () -> Void) {
        let isThere = state.withLock { state in
            guard let reader = state.readers[id], reader.place == state.ring.next else { return true }
            state.readers[id]?.wake = wake
            return false
        }
        if isThere { wake() }
    }

    func leave(_ id: UInt64) {
        state.withLock { state in
            state.readers[id] = nil
            note(state.readers)
        }
    }
}

extension LogTail.State {
    /// - Returns: what wakes those that wait for such a record.
    fileprivate mutating func append(_ record: LogRecord) -> [@Sendable () -> Void] {
        guard !readers.isEmpty else {
            ring.append(record)
            return []
        }
        let ids = Array(readers.keys)
        var gone: [(number: UInt64, record: LogRecord)] = []
        ring.append(record) { gone.append(($0, $1)) }
        for (number, record) in gone { passedUnread(number, record, by: ids) }
        return ids.compactMap { wake($0, for: record) }
    }

    private mutating func passedUnread(_ number: UInt64, _ record: LogRecord, by ids: [UInt64]) {
        for id in ids {
            guard let reader = readers[id], reader.place <= number, reader.isInterested(in: record) else { continue }
            readers[id]?.missed += 1
            missed += 1
        }
    }

    /// One that waits has read all before; what it does not want does not wake it.
    private mutating func wake(_ id: UInt64, for record: LogRecord) -> (@Sendable () -> Void)? {
        guard let reader = readers[id], let wake = reader.wake else { return nil }
        guard reader.isInterested(in: record) else {
            readers[id]?.place = ring.next
            return nil
        }
        readers[id]?.wake = nil
        return wake
    }
}

extension LogTail.Reader {
    fileprivate func isInterested(in record: LogRecord) -> Bool {
        filter.isInterested(in: record.entry.level, isWritten: record.isWritten)
    }
}

extension LogRing {
    fileprivate func records(from start: UInt64, _ count: Int) -> [LogRecord] {
        (start..<min(next, start + UInt64(count))).compactMap { self[$0] }
    }

    fileprivate func records(endingAt end: UInt64, _ count: Int) -> [LogRecord] {
        guard end > first else { return [] }
        return (max(first, end - min(end, UInt64(count)))..<end).compactMap { self[$0] }
    }
}
