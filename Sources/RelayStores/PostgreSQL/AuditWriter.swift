import Dispatch
import NIOCore
import Postgres
import Synchronization

/// What the thread tells everyone else.
final class AuditState: Sendable {
    private struct State {
        var statistics = AuditStatistics()
        var isFailing = false
    }

    /// Ends a pause of the thread.
    let isClosing = DispatchSemaphore(value: 0)
    private let state = Mutex(State())
    private let told: @Sendable (PostgresFailure?) -> Void

    init(_ told: @escaping @Sendable (PostgresFailure?) -> Void) { self.told = told }

    var statistics: AuditStatistics { state.withLock { $0.statistics } }

    func count(_ change: (inout AuditStatistics) -> Void) { state.withLock { change(&$0.statistics) } }

    func tried(_ failure: PostgresFailure?) {
        let hasTurned = state.withLock { state in
            defer { state.isFailing = failure != nil }
            return state.isFailing != (failure != nil)
        }
        if hasTurned { told(failure) }
    }
}

/// The thread that writes records.
final class AuditWriter {
    private static let maxBatch = 500
    private static let tidying = Duration.seconds(3600)

    private let days: Int
    private let inbox: Inbox<AuditRecord>
    private let state: AuditState
    private let link: PostgresLink
    /// Charged in the inbox until they are written.
    private var pending: [(number: Int64, record: AuditRecord)] = []
    private var lastNumber: Int64 = 0
    /// With a record's number what it is known by, so that one whose answer was lost is not there twice.
    private let start = Int64.random(in: 1..<(1 << 40))
    private var nextTidying = ContinuousClock.now

    init(_ settings: PostgresSettings, days: Int, inbox: Inbox<AuditRecord>, state: AuditState) {
        (self.days, self.inbox, self.state) = (days, inbox, state)
        link = PostgresLink(settings, session: PostgresSchema.session(settings.schema))
    }

    /// Returns once the inbox is closed.
    func run() {
        while let taken = inbox.take(waiting: pending.isEmpty ? .seconds(30) : .seconds(1)) {
            for record in taken { take(record) }
            // For company.
            if !taken.isEmpty { _ = state.isClosing.wait(timeout: .now() + 1) }
            attempt()
        }
        attempt()
        state.count { $0.left += pending.count }
        link.lose()
    }

    private func take(_ record: AuditRecord) {
        lastNumber += 1
        pending.append((lastNumber, record))
    }

    private func attempt() {
        guard !pending.isEmpty || ContinuousClock.now >= nextTidying else { return }
        do throws(PostgresFailure) {
            let connection = try link.take()
            do throws(PostgresFailure) {
                while !pending.isEmpty { try write(Array(pending.prefix(Self.maxBatch)), connection) }
                try tidy(connection)
            } catch {
                if error.isOfConnection { link.lose() }
                throw error
            }
            state.tried(nil)
        } catch {
            state.tried(error)
        }
    }

    private func write(
        _ batch: [(number: Int64, record: AuditRecord)],
        _ connection: PostgresConnection
    ) throws(PostgresFailure) {
        do throws(PostgresFailure) {
            _ = try connection.run([insert(batch)])
            state.count { $0.written += batch.count }
        } catch {
            // Class 22: of the data. One such record would keep all behind it waiting for ever.
            guard case .statement(let code, _) = error, code.hasPrefix("22") else { throw error }
            guard batch.count == 1 else {
                for one in batch { try write([one], connection) }
                return
            }
            state.count { $0.refused += 1 }
        }
        pending.removeFirst(batch.count)
        inbox.release(bytes: batch.reduce(0) { $0 + $1.record.byteCount })
    }

    private func insert(_ batch: [(number: Int64, record: AuditRecord)]) -> PostgresCall {
        var parameters = PostgresParameters(start)
        parameters.append(batch.map(\.number))
        parameters.append(batch.map { Int64(clamping: $0.record.at) })
        parameters.append(batch.count) { $0.writeString(batch[$1].record.event) }
        parameters.append(batch.count) { $0.writeBytes(batch[$1].record.line) }
        return PostgresCall(Self.insert, parameters)
    }

    /// A few thousand at a time, so that nobody waits long for the table.
    private func tidy(_ connection: PostgresConnection) throws(PostgresFailure) {
        guard ContinuousClock.now >= nextTidying else { return }
        var parameters = PostgresParameters(Int64(days))
        parameters.append(Int64(5_000))
        while try connection.run([PostgresCall(Self.forget, parameters)])[0].affected == 5_000 {}
        nextTidying = .now + Self.tidying
    }

    private static let insert = PostgresStatement(
        "audit",
        """
        INSERT INTO audit_log(run, number, at, event, line)
        SELECT $1::int8, k.number, to_timestamp(k.at::float8 / 1000), convert_from(k.event, 'UTF8'),
            convert_from(k.line, 'UTF8')::jsonb
        FROM unnest($2::int8[], $3::int8[], $4::bytea[], $5::bytea[]) AS k(number, at, event, line)
        ON CONFLICT DO NOTHING
        """
    )
    private static let forget = PostgresStatement(
        "forget_audit",
        """
        DELETE FROM audit_log a USING (
            SELECT run, number FROM audit_log WHERE at < clock_timestamp() - make_interval(days => $1::int8::int4)
            ORDER BY at LIMIT $2::int8
        ) AS k WHERE a.run = k.run AND a.number = k.number
        """
    )
}
