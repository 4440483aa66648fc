import Dispatch
public import Postgres
public import RelayCore

/// A security event.
public struct AuditRecord: Sendable {
    public var at: UnixMilliseconds
    public var event: String
    /// A JSON object.
    public var line: [UInt8]

    public init(at: UnixMilliseconds, event: String, line: [UInt8]) {
        (self.at, self.event, self.line) = (at, event, line)
    }

    var byteCount: Int { 128 + event.utf8.count + line.count }
}

/// What became of the records since the table was opened.
public struct AuditStatistics: Sendable, Equatable {
    public var written = 0
    /// Too much waited.
    public var turnedAway = 0
    /// The server did not take them for what they are.
    public var refused = 0
    /// Not written when it was closed.
    public var left = 0
}

/// The table `audit_log` beside a queue in PostgreSQL. A thread of its own writes what was recorded, a second after the
/// first of it, and tries until the server takes it.
public final class AuditTable: Sendable {
    private let inbox: Inbox<AuditRecord>
    private let threads = StoreThreads()
    private let state: AuditState

    /// Returns at once; the server may be away.
    /// - Parameters:
    ///   - days: how long a record is kept.
    ///   - maxBytes: of records that wait; over it they are lost, and counted.
    ///   - told: why nothing is written any more, and nil when it is again.
    public init(
        _ settings: PostgresSettings,
        days: Int,
        maxBytes: Int = 4 << 20,
        told: @escaping @Sendable (PostgresFailure?) -> Void = { _ in }
    ) throws(PostgresFailure) {
        let inbox = Inbox<AuditRecord>(maxBytes: maxBytes)
        let state = AuditState(told)
        (self.inbox, self.state) = (inbox, state)
        do throws(SQLiteError) {
            try threads.start("store-audit") { AuditWriter(settings, days: days, inbox: inbox, state: state).run() }
        } catch {
            throw .refused(error.message)
        }
    }

    deinit { end() }

    /// Waits for nothing.
    public func record(_ record: AuditRecord) { _ = inbox.submit(record, bytes: record.byteCount) }

    public var statistics: AuditStatistics {
        var statistics = state.statistics
        statistics.turnedAway = inbox.load.refused
        return statistics
    }

    /// What waits is tried once more.
    public func close(completion: @escaping @Sendable () -> Void) {
        end()
        threads.whenAllEnded(completion)
    }

    private func end() {
        inbox.close()
        state.isClosing.signal()
    }
}
