import CLibpq
import Glibc

/// One connection, used by one thread, which waits in here for every answer.
public final class PostgresConnection {
    private let connection: OpaquePointer
    private let answerTimeout: Duration
    private var prepared: Set<String> = []

    /// - Parameter session: statements for every new connection, sent at once.
    public convenience init(
        to host: String,
        _ settings: PostgresSettings,
        session: String
    ) throws(PostgresFailure) {
        try self.init(connection: Connecting(to: host, settings).finish(), settings.answerTimeout)
        try execute(session)
    }

    private init(connection: OpaquePointer, _ answerTimeout: Duration) {
        (self.connection, self.answerTimeout) = (connection, answerTimeout)
        PQsetnonblocking(connection, 1)
        PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
        // What the server has to say beside its answers, it says in its log.
        PQsetNoticeReceiver(connection, { _, _ in }, nil)
    }

    deinit { PQfinish(connection) }

    /// Sends all of it at once and waits for the last answer. After a failure nothing that follows in `calls` was done,
    /// and a transaction they were in is to be rolled back.
    /// - Parameter within: the longest without a byte from the server.
    public func run(_ calls: [PostgresCall], within: Duration? = nil) throws(PostgresFailure) -> [PostgresRows] {
        // Or an empty round trip, perhaps behind a lock.
        guard !calls.isEmpty else { return [] }
        guard PQenterPipelineMode(connection) == 1 else { throw broken }
        let names = try send(calls)
        try flush(Patience(within ?? answerTimeout))
        let patience = Patience(within ?? answerTimeout)
        var rows: [PostgresRows] = []
        var failure: PostgresFailure?
        // One answer for each text that was prepared, one for each call, each with an end of its own.
        for name in names {
            do throws(PostgresFailure) {
                let answer = try answer(patience)
                // A statement stays prepared also where what follows is rolled back.
                if let name { prepared.insert(name) } else { rows.append(answer) }
            } catch {
                if error.isOfConnection { throw error }
                failure = failure ?? error
            }
        }
        if let end = try next(patience) { PQclear(end) }
        guard PQexitPipelineMode(connection) == 1 else { throw broken }
        if let failure { throw failure }
        return rows
    }

    /// Several statements without parameters, as one transaction unless they say otherwise.
    public func execute(_ text: String, within: Duration? = nil) throws(PostgresFailure) {
        guard PQsendQuery(connection, text) == 1 else { throw broken }
        let patience = Patience(within ?? answerTimeout)
        try flush(patience)
        var failure: PostgresFailure?
        while let result = try next(patience) {
            do throws(PostgresFailure) {
                _ = try checked(result)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    /// As part of a text.
    public func quoted(_ name: String) -> String {
        guard let escaped = PQescapeIdentifier(connection, name, name.utf8.count) else { return "\"\"" }
        defer { PQfreemem(escaped) }
        return String(cString: escaped)
    }

    /// - Returns: for each answer to come the name that it prepares; nil for a call's.
    private func send(_ calls: [PostgresCall]) throws(PostgresFailure) -> [String?] {
        var answers: [String?] = []
        var preparing: Set<String> = []
        for call in calls {
            let (name, text) = (call.statement.name, call.statement.text)
            if name.isEmpty || (!prepared.contains(name) && preparing.insert(name).inserted) {
                guard PQsendPrepare(connection, name, text, 0, nil) == 1 else { throw broken }
                answers.append(name)
            }
            let isSent = call.parameters.withPointers { values, lengths, formats in
                PQsendQueryPrepared(connection, name, Int32(call.parameters.count), values, lengths, formats, 1)
            }
            guard isSent == 1 else { throw broken }
            answers.append(nil)
        }
        guard PQpipelineSync(connection) == 1 else { throw broken }
        return answers
    }

    private func flush(_ patience: Patience) throws(PostgresFailure) {
        while true {
            switch PQflush(connection) {
            case 0: return
            case 1:
                try patience.wait(for: PQsocket(connection), POLLIN | POLLOUT)
                // Where the server cannot send its answers it takes nothing more.
                guard PQconsumeInput(connection) == 1 else { throw broken }
            default: throw broken
            }
        }
    }

    /// The answer to one call, and its end.
    private func answer(_ patience: Patience) throws(PostgresFailure) -> PostgresRows {
        guard let result = try next(patience) else { throw broken }
        let rows: Result<PostgresRows, PostgresFailure>
        do throws(PostgresFailure) { rows = .success(try checked(result)) } catch { rows = .failure(error) }
        while let more = try next(patience) { PQclear(more) }
        return try rows.get()
    }

    private func next(_ patience: Patience) throws(PostgresFailure) -> OpaquePointer? {
        var patience = patience
        while PQisBusy(connection) == 1 {
            try patience.wait(for: PQsocket(connection), POLLIN)
            patience.renew()
            guard PQconsumeInput(connection) == 1 else { throw broken }
        }
        return PQgetResult(connection)
    }

    private func checked(_ result: OpaquePointer) throws(PostgresFailure) -> PostgresRows {
        let rows = PostgresRows(result)
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return rows
        case PGRES_PIPELINE_ABORTED: throw .statement(state: "25P02", "not done after the failure before it")
        default: break
        }
        guard PQstatus(connection) == CONNECTION_OK else { throw broken }
        let state = PQresultErrorField(result, PostgresDiagnostic.state).map { String(cString: $0) } ?? ""
        let message = PQresultErrorField(result, PostgresDiagnostic.message).map { String(cString: $0) }
        throw PostgresFailure(state: state, message ?? String(cString: PQresultErrorMessage(result)))
    }

    private var broken: PostgresFailure {
        let text = String(cString: PQerrorMessage(connection))
        return .temporary(text.split(separator: "\n").first.map(String.init) ?? "the connection is of no use")
    }
}

/// `PG_DIAG_SQLSTATE` and `PG_DIAG_MESSAGE_PRIMARY`, characters that the macros hide from Swift.
private enum PostgresDiagnostic {
    static let state = Int32(UInt8(ascii: "C"))
    static let message = Int32(UInt8(ascii: "M"))
}
