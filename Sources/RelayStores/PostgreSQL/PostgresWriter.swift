import Dispatch
import NIOCore
import Postgres
import RelayCore
import WireProtocol

/// The one thread that writes. Batches that were submitted while a transaction was under way share the next one.
final class PostgresWriter {
    private let limits: QueueLimits
    private let inbox: Inbox<WriteJob>
    private let publication: PostgresPublication
    private let link: PostgresLink
    private let queue: LockedQueue
    private var firstRound: ((PostgresFailure?) -> Void)?
    /// A transaction takes no more jobs past this.
    private static let maxTransactionBytes = 8 << 20

    /// - Parameter tried: what came of the first attempt to connect.
    init(
        _ settings: PostgresSettings,
        migrates: Bool,
        limits: QueueLimits,
        name: String,
        inbox: Inbox<WriteJob>,
        publication: PostgresPublication,
        tried: @escaping (PostgresFailure?) -> Void
    ) {
        (self.limits, self.inbox, self.publication, firstRound) = (limits, inbox, publication, tried)
        let queue = LockedQueue(publication, name: name)
        self.queue = queue
        link = PostgresLink(settings, session: PostgresSchema.session(settings.schema)) {
            connection throws(PostgresFailure) in
            try PostgresSchema.prepare(connection, settings.schema, migrates: migrates)
            try queue.opened(connection)
        }
    }

    /// Returns once the inbox is closed and what was in it is completed.
    func run() {
        lookAround()
        while let jobs = inbox.take(waiting: .seconds(1)) {
            if jobs.isEmpty { lookAround() }
            var rest = jobs[...]
            while !rest.isEmpty { perform(nextTransaction(&rest)) }
        }
        link.lose()
    }

    /// Commits, or pins, that lie next to each other; everything else alone.
    private func nextTransaction(_ rest: inout ArraySlice<WriteJob>) -> ArraySlice<WriteJob> {
        guard let kind = rest.first?.kind else { return [] }
        var bytes = 0
        let jobs =
            kind == .other
            ? rest.prefix(1)
            : rest.prefix { job in
                defer { bytes += job.byteCount }
                return job.kind == kind && bytes < Self.maxTransactionBytes
            }
        rest = rest.dropFirst(jobs.count)
        return jobs
    }

    private func perform(_ jobs: ArraySlice<WriteJob>) {
        defer { inbox.release(bytes: jobs.reduce(0) { $0 + $1.byteCount }) }
        let began = NIODeadline.now().uptimeNanoseconds
        do throws(PostgresFailure) {
            let connection = try connected()
            let answers = try transact(jobs, connection)
            jobs.took(link.work(since: began, operations: jobs.operations))
            for answer in answers { answer() }
        } catch {
            jobs.took(link.work(since: began, operations: jobs.operations, error))
            for job in jobs { job.fail(error.ofStore) }
        }
    }

    private func connected() throws(PostgresFailure) -> PostgresConnection {
        do throws(PostgresFailure) {
            let connection = try link.take()
            publication.succeeded(.link)
            firstRound?(nil)
            firstRound = nil
            return connection
        } catch {
            publication.failed(.link, "\(error)")
            firstRound?(error)
            firstRound = nil
            throw error
        }
    }

    /// Whether the server is there, and what others changed: once a second while nothing is written.
    private func lookAround() {
        do throws(PostgresFailure) {
            let connection = try connected()
            try guarding(connection) { connection throws(PostgresFailure) in
                try queue.look(connection)
                guard publication.isFailing(.writes) else { return }
                try queue.prove(connection)
                publication.succeeded(.writes)
            }
        } catch {}
    }

    private func transact(
        _ jobs: ArraySlice<WriteJob>,
        _ connection: PostgresConnection
    ) throws(PostgresFailure) -> [() -> Void] {
        let began = NIODeadline.now()
        var answers: [() -> Void] = []
        var hasWritten = false
        try guarding(connection) { connection throws(PostgresFailure) in
            switch jobs.first {
            case .commit: (answers, hasWritten) = try queue.commit(jobs, limits, connection)
            case .pin: (answers, hasWritten) = try queue.pin(jobs, limits, connection)
            case .expire(let now, let limit, let completion):
                let (keys, written) = try queue.expire(now: now, limit: limit, limits, connection)
                (answers, hasWritten) = ([{ completion(.success(keys)) }], written)
            case .purge(let recipient, let now, let limit, let completion):
                let (keys, written) = try queue.purge(recipient, now: now, limit: limit, limits, connection)
                (answers, hasWritten) = ([{ completion(.success(keys)) }], written)
            case .unpin(let agent, let completion):
                let (pin, written) = try queue.unpin(agent, limits, connection)
                (answers, hasWritten) = ([{ completion(.success(pin)) }], written)
            case .spill, .quarantine, nil: break
            }
        }
        guard hasWritten else { return answers }
        publication.succeeded(.writes)
        let spent = NIODeadline.now() - began
        publication.count { $0.committed(nanoseconds: MonotonicNanoseconds(max(0, spent.nanoseconds))) }
        return answers
    }

    /// After a failure a transaction is rolled back, and a connection that is of no use given up.
    private func guarding(
        _ connection: PostgresConnection,
        _ body: (PostgresConnection) throws(PostgresFailure) -> Void
    ) throws(PostgresFailure) {
        do throws(PostgresFailure) {
            try body(connection)
        } catch {
            if error.isOfConnection {
                link.lose()
                publication.failed(.link, "\(error)")
            } else {
                publication.failed(.writes, "\(error)")
                if (try? connection.execute("ROLLBACK")) == nil { link.lose() }
            }
            throw error
        }
    }
}

extension WriteJob {
    fileprivate enum Kind { case commit, pin, other }

    fileprivate var kind: Kind {
        switch self {
        case .commit: .commit
        case .pin: .pin
        case .expire, .purge, .unpin, .spill, .quarantine: .other
        }
    }
}

extension PostgresLink {
    func work(since began: MonotonicNanoseconds, operations: Int, _ failure: PostgresFailure? = nil) -> StoreWork {
        StoreWork(
            .postgresql,
            at: .init(host: host, port: port),
            began: began,
            ended: NIODeadline.now().uptimeNanoseconds,
            operations: operations,
            failure: failure?.ofStore,
            code: failure?.state
        )
    }
}

extension PostgresFailure {
    fileprivate var state: String? {
        guard case .statement(let state, _) = self else { return nil }
        return state
    }

    var ofStore: StoreFailure {
        switch self {
        case .closed: .closed
        case .statement("53100", _): .diskFull
        case .refused, .temporary, .statement: .unavailable(reason: description)
        }
    }
}
