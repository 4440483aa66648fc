import Glibc
public import Logging
import Synchronization

/// The process's log: a format, a level that can change while it runs, and one bounded asynchronous writer.
public final class LogBackend: Sendable {
    public static let defaultCapacity = 1 << 20

    private let encoding: LogEncoding
    private let writer: LogWriter
    private let repetition: RepetitionGate
    private let levelIndex: Atomic<Int>
    /// What was logged last, for who looks on.
    public let tail: LogTail
    private let watcher = Mutex<(@Sendable (LogEntry) -> Void)?>(nil)

    /// - Parameters:
    ///   - capacity: bytes of encoded lines that may wait for the writer thread, at least two of the longest; at most
    ///     twice that is held.
    ///   - tailCapacity: bytes of records kept in memory for who looks on.
    ///   - repetition: of equal lines from info to error; nil writes them all.
    public init(
        _ destination: LogDestination,
        format: LogFormat,
        level: Logger.Level,
        capacity: Int = LogBackend.defaultCapacity,
        tailCapacity: Int = LogTail.defaultCapacity,
        repetition: LogRepetition? = LogRepetition()
    ) throws(LogStartError) {
        let encoding = LogEncoding(destination, format)
        let capacity = max(capacity, 2 * encoding.maxBytes)
        let output = try LogOutput(destination)
        self.encoding = encoding
        levelIndex = Atomic(level.index)
        let writer = LogWriter(capacity: capacity)
        self.writer = writer
        tail = LogTail(capacity: tailCapacity)
        self.repetition = RepetitionGate(repetition) { writer.wakeUp() }
        try LogThread.start(
            LogThread(writer, output, encoding, self.repetition, tail, capacity: capacity)
        )
    }

    /// For every logger of this back end that was not given a level of its own.
    public var level: Logger.Level {
        get { Logger.Level.byIndex[levelIndex.load(ordering: .relaxed)] }
        set { levelIndex.store(newValue.index, ordering: .relaxed) }
    }

    public var statistics: LogStatistics {
        var statistics = writer.statistics
        statistics.heldBack = repetition.heldBack
        return statistics
    }

    /// For `LoggingSystem.bootstrap` and `Logger(label:factory:)`.
    public func handler(label: String, metadataProvider: Logger.MetadataProvider? = nil) -> StructuredLogHandler {
        StructuredLogHandler(label: label, backend: self, metadataProvider: metadataProvider)
    }

    /// Calls with each record that the output gets from now on, on the thread that logged it; one watcher at a time.
    public func watch(_ watcher: @escaping @Sendable (LogEntry) -> Void) { self.watcher.withLock { $0 = watcher } }

    /// Opens the log file's path again after a rotation. Returns at once; the writer thread does it.
    public func reopen() { writer.reopen() }

    /// Blocks until all that was logged before is written: for the last words before `exit`. False where the output
    /// failed or `limit` ran out.
    @discardableResult
    public func flush(within limit: Duration) -> Bool { writer.flush(within: limit) }

    /// Tells what was held back, flushes, and ends the writer thread. Later records are lost.
    @discardableResult
    public func close(within limit: Duration) -> Bool {
        for entry in repetition.reportAll() { take(entry, isWritten: true) }
        return writer.close(within: limit)
    }

    /// What only a follower asked for is his however often it comes.
    func admits(_ event: LogEvent, from logger: String, isWritten: Bool) -> Bool {
        guard isWritten else { return tail.wants(event.level) }
        return repetition.admits(
            RepeatedLines.Line(level: event.level, message: event.message.description, logger: logger),
            level: event.level
        )
    }

    func take(_ entry: LogEntry, isWritten: Bool) {
        if isWritten {
            writer.append(encoding.bytes(entry), level: entry.level)
            watcher.withLock { $0 }?(entry)
        }
        tail.append(LogRecord(entry: entry, isWritten: isWritten))
    }
}

extension LogFormat {
    /// Text for people, in colour where `destination` is a terminal that has not asked for none (`NO_COLOR`).
    public static func text(for destination: LogDestination) -> LogFormat {
        let isTerminal =
            switch destination {
            case .descriptor(let descriptor): isatty(descriptor) == 1
            case .file, .journal: false
            }
        return .text(colour: isTerminal && getenv("NO_COLOR") == nil)
    }
}

/// A swift-log handler on a `LogBackend`.
public struct StructuredLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let backend: LogBackend
    /// Set on one logger by its owner; the back end's level no longer reaches it.
    private var ownLevel: Logger.Level?

    init(label: String, backend: LogBackend, metadataProvider: Logger.MetadataProvider?) {
        self.label = label
        self.backend = backend
        self.metadataProvider = metadataProvider
    }

    /// Lower than what is written while somebody follows the log there.
    public var logLevel: Logger.Level {
        get { backend.tail.lowered(writtenLevel) }
        set { ownLevel = newValue }
    }

    private var writtenLevel: Logger.Level { ownLevel ?? backend.level }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let isWritten = event.level >= writtenLevel
        guard backend.admits(event, from: label, isWritten: isWritten) else { return }
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
        if let given = event.metadata { fields.merge(given) { $1 } }
        if let error = event.error, fields["error"] == nil { fields["error"] = .string("\(error)") }
        backend.take(
            LogEntry(
                time: WallClock.unixMilliseconds(),
                level: event.level,
                message: event.message.description,
                logger: label,
                fields: fields
            ),
            isWritten: isWritten
        )
    }
}
