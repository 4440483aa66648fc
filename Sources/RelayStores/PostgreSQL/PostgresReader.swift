import NIOCore
import Postgres
import RelayCore
import WireProtocol

/// A thread that reads, on a connection of its own: with thousands of agents returning at once, batches would wait for
/// all of their pages on the writer's.
final class PostgresReader {
    private let inbox: Inbox<ReadJob>
    private let publication: PostgresPublication
    private let link: PostgresLink

    init(_ settings: PostgresSettings, inbox: Inbox<ReadJob>, publication: PostgresPublication) {
        (self.inbox, self.publication) = (inbox, publication)
        link = PostgresLink(settings, session: PostgresSchema.session(settings.schema))
    }

    /// Returns once the inbox is closed and what was in it is completed.
    func run() {
        while let jobs = inbox.take() {
            for job in jobs {
                perform(job)
                inbox.release(bytes: ReadJob.byteCount)
            }
        }
        link.lose()
    }

    private func perform(_ job: ReadJob) {
        // What was connected may have been cut off since, and a read can be asked for again.
        let mayBeStale = link.isConnected
        let began = NIODeadline.now().uptimeNanoseconds
        do throws(PostgresFailure) {
            let answer: () -> Void
            do throws(PostgresFailure) {
                answer = try attempt(job)
            } catch {
                guard mayBeStale, error.isOfConnection else { throw error }
                answer = try attempt(job)
            }
            publication.succeeded(.reads)
            job.call?.took(link.work(since: began, operations: 1))
            answer()
        } catch {
            publication.failed(.reads, "\(error)")
            job.call?.took(link.work(since: began, operations: 1, error))
            job.fail(error.ofStore)
        }
    }

    private func attempt(_ job: ReadJob) throws(PostgresFailure) -> () -> Void {
        let connection = try link.take()
        do throws(PostgresFailure) {
            return try read(job, from: connection)
        } catch {
            if error.isOfConnection { link.lose() }
            throw error
        }
    }

    private func read(_ job: ReadJob, from connection: PostgresConnection) throws(PostgresFailure) -> () -> Void {
        switch job {
        case .load(let recipient, let cursor, let cut, let now, _, let completion):
            let page = try page(recipient, cursor, cut, now, connection)
            return { completion(page.map { .success($0) } ?? .failure(PageCut.allDamaged)) }
        case .status(let recipient, let completion):
            let rows = try connection.run([PostgresCall(QueueStatements.status, PostgresParameters(recipient))])[0]
            let status = QueueStatus(
                messages: rows.count > 0 ? Int(rows.integer(0, 0)) : 0,
                oldestAcceptedAt: rows.count > 0 ? rows.time(0, 1) : nil
            )
            return { completion(.success(status)) }
        case .queues(let question, let completion):
            let list = try list(question, connection)
            return { completion(.success(list)) }
        case .pinnedKey(let agent, let completion):
            let rows = try connection.run([PostgresCall(QueueStatements.pins, PostgresParameters([agent]))])[0]
            let pin = rows.count > 0 ? rows.pin(0) : nil
            return { completion(.success(pin)) }
        }
    }

    /// - Returns: nil where nothing but damage is in reach.
    private func page(
        _ recipient: AgentHash,
        _ cursor: QueueCursor,
        _ cut: PageCut,
        _ now: UnixMilliseconds,
        _ connection: PostgresConnection
    ) throws(PostgresFailure) -> QueuePage? {
        var parameters = PostgresParameters(recipient)
        parameters.append(cursor)
        parameters.append(now)
        // Not over what int8 arithmetic takes in SQL.
        parameters.append(Int64(min(cut.maxMessages, 1 << 40)))
        parameters.append(Int64(min(cut.maxBytes, 1 << 50)))
        let rows = try connection.run([PostgresCall(QueueStatements.page, parameters)])[0]
        let (asked, wider) = (cut, cut.wider)
        var cut = cut
        let taken = (0..<rows.count).prefix { cut.takes(Int(rows.integer($0, 5))) }
        let messages = taken.compactMap { rows.message($0) }
        let (damaged, isLast) = (taken.count - messages.count, taken.count == rows.count)
        // Or the same page would be asked for again, whose end lies behind nothing.
        guard !messages.isEmpty || isLast else {
            guard let wider else { return nil }
            return try page(recipient, cursor, wider, now, connection).map { asked.trimmed($0) }
        }
        if damaged > 0 { publication.count { $0.corruptRows += damaged } }
        return QueuePage(messages: messages, isLast: isLast)
    }

    private func list(
        _ question: QueueListQuestion,
        _ connection: PostgresConnection
    ) throws(PostgresFailure) -> QueueList {
        var parameters = PostgresParameters(Int64(max(1, question.limit)))
        if question.order != .age {
            let after = question.order == .agent ? question.after : nil
            parameters.append(bytes: after.map { agent in { $0.write(agent) } })
        }
        let calls = [PostgresCall(question.order.statement, parameters), PostgresCall(QueueStatements.countAgents)]
        let answers = try connection.run(calls, within: .seconds(30))
        let rows = answers[0]
        let queues = (0..<rows.count).compactMap { row in
            rows.agent(row, 0).map { recipient in
                QueueList.Queue(
                    recipient: recipient,
                    messages: Int(rows.integer(row, 1)),
                    bytes: Int(rows.integer(row, 2)),
                    oldestAcceptedAt: rows.time(row, 3)
                )
            }
        }
        return QueueList(queues: queues, agents: Int(answers[1].integer(0, 0)))
    }
}

extension QueueListQuestion.Order {
    fileprivate var statement: PostgresStatement {
        switch self {
        case .messages: QueueStatements.listByMessages
        case .bytes: QueueStatements.listByBytes
        case .age: QueueStatements.listByAge
        case .agent: QueueStatements.listByAgent
        }
    }
}
