import Foundation
import NIOCore
import Postgres
import PostgresFixture
import Testing

@Suite(.serialized) struct RealServerTests {
    private func settings(_ server: PostgresServer, user: String = PostgresServer.user) -> PostgresSettings {
        var settings = PostgresSettings(hosts: ["127.0.0.1"], database: "postgres", user: user)
        settings.port = server.port
        settings.security = .disable
        return settings
    }

    private func connect(_ settings: PostgresSettings) throws(PostgresFailure) -> PostgresConnection {
        try PostgresConnection(to: settings.hosts[0], settings, session: "SET client_min_messages = error")
    }

    @Test func valuesArriveAsTheyWereSent() async throws {
        let server = try await PostgresServer.launch()
        let connection = try connect(settings(server))
        var parameters = PostgresParameters()
        parameters.append([Int64.min, 0, .max])
        parameters.append([Int16(-1), 2])
        parameters.append([true, false])
        parameters.append(2) { $0.writeBytes([0, UInt8($1)]) }
        parameters.append(String?.none)
        parameters.append([Int64]())
        let text = """
            SELECT $1::int8[] = '{-9223372036854775808,0,9223372036854775807}', $2::int2[] = '{-1,2}',
                $3::bool[] = '{t,f}', ($4::bytea[])[2], $5::text, cardinality($6::int8[]), -5::int2, -6::int4
            """
        let rows = try connection.run([PostgresCall(PostgresStatement("values", text), parameters)])[0]
        #expect((0..<3).map { rows.integer(0, $0) } == [1, 1, 1])
        #expect(Array(rows.bytes(0, 3)) == [0, 1])
        #expect(rows.text(0, 4) == nil)
        #expect((5..<8).map { rows.integer(0, $0) } == [0, -5, -6])
    }

    /// What comes behind a failure is not done, and the connection is of use afterwards.
    @Test func aFailureStopsWhatWasSentBehindIt() async throws {
        let server = try await PostgresServer.launch()
        let connection = try connect(settings(server))
        try connection.execute("CREATE TABLE t(a int8 PRIMARY KEY)")
        let calls = ["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"]
        let failure = #expect(throws: PostgresFailure.self) { try connection.run(calls.map { PostgresCall($0) }) }
        guard case .statement("23505", _) = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(try connection.run([PostgresCall("SELECT count(*) FROM t")])[0].integer(0, 0) == 0)
    }

    @Test func aPreparedStatementThatFailedIsPreparedAgain() async throws {
        let server = try await PostgresServer.launch()
        let connection = try connect(settings(server))
        let statement = PostgresStatement("count", "SELECT count(*) FROM later")
        #expect(throws: PostgresFailure.self) { try connection.run([PostgresCall(statement)]) }
        try connection.execute("CREATE TABLE later()")
        #expect(try connection.run([PostgresCall(statement)])[0].integer(0, 0) == 0)
        // One that fails when it is run stays prepared, though its transaction is rolled back.
        let divide = PostgresStatement("divide", "SELECT 1 / $1::int8")
        let (zero, one) = (PostgresParameters([0]), PostgresParameters([1]))
        for _ in 0..<2 {
            let failure = #expect(throws: PostgresFailure.self) { try connection.run([PostgresCall(divide, zero)]) }
            guard case .statement("22012", _) = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
        }
        #expect(try connection.run([PostgresCall(divide, one)])[0].integer(0, 0) == 1)
        #expect(try connection.run([PostgresCall(statement), PostgresCall(statement)]).count == 2)
    }

    @Test func aStatementThatFailedWhenItWasCalledIsCalledAgain() async throws {
        let server = try await PostgresServer.launch()
        let connection = try connect(settings(server))
        let statement = PostgresStatement("divide", "SELECT 1 / $1::int8")
        for divisor in [0, 0, 1] as [Int64] {
            var parameters = PostgresParameters()
            parameters.append(divisor)
            let calls = [PostgresCall("BEGIN"), PostgresCall(statement, parameters), PostgresCall("ROLLBACK")]
            let answers = Result { () throws(PostgresFailure) in try connection.run(calls) }
            switch answers {
            case .success(let rows): #expect(divisor == 1 && rows[1].integer(0, 0) == 1)
            case .failure(let failure):
                #expect(divisor == 0 && failure == .statement(state: "22012", "division by zero"))
            }
            try connection.execute("ROLLBACK")
        }
    }

    @Test func aPasswordIsReadFromItsFileForEachConnection() async throws {
        let server = try await PostgresServer.launch(access: [
            "host all \(PostgresServer.user) 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256",
        ])
        try server.sql("CREATE ROLE relay LOGIN PASSWORD 'right'")
        let file = server.folder.appending(path: "password")
        var settings = settings(server, user: "relay")
        settings.passwordFile = file.path
        let missing = #expect(throws: PostgresFailure.self) { try connect(settings) }
        #expect(missing == .refused("\(file.path): No such file or directory"))
        try Data("wrong\n".utf8).write(to: file)
        let wrong = #expect(throws: PostgresFailure.self) { try connect(settings) }
        #expect(wrong?.isFinal == true)
        #expect(wrong?.description.hasSuffix("password authentication failed for user \"relay\"") == true)
        try Data("right\n".utf8).write(to: file)
        _ = try connect(settings)
    }

    @Test func aServerWithoutTLSIsRefusedWhereItIsRequired() async throws {
        let server = try await PostgresServer.launch()
        var settings = settings(server)
        settings.security = .require
        let failure = #expect(throws: PostgresFailure.self) { try connect(settings) }
        #expect(failure?.isFinal == true)
    }

    @Test func aFrozenServerIsGivenUp() async throws {
        let server = try await PostgresServer.launch()
        var settings = settings(server)
        (settings.connectTimeout, settings.answerTimeout) = (.milliseconds(300), .milliseconds(300))
        let connection = try connect(settings)
        server.freeze()
        #expect(throws: PostgresFailure.temporary("no answer within 300 ms")) {
            try connection.run([PostgresCall("SELECT 1")])
        }
        #expect(throws: PostgresFailure.temporary("no answer within 300 ms")) { try connect(settings) }
        server.resume()
        _ = try connect(settings)
    }

    /// The first host is a replica that takes no writes.
    @Test func theHostThatTakesWritesIsFound() async throws {
        let primary = try await PostgresServer.launch(address: "127.0.0.1")
        let replica = try await PostgresServer.launch(address: "127.0.0.2", following: primary)
        var settings = settings(primary)
        settings.hosts = ["127.0.0.2", "127.0.0.1"]
        let link = PostgresLink(settings, session: "")
        #expect(try link.take().run([PostgresCall("SELECT pg_is_in_recovery()")])[0].integer(0, 0) == 0)
        primary.stop()
        link.lose()
        #expect(throws: PostgresFailure.self) { try link.take() }
        try replica.sql("SELECT pg_promote()")
        while (try? link.take()) == nil {}
        #expect(link.isConnected)
    }
}

extension PostgresParameters {
    fileprivate init(_ values: [Int64]) {
        self.init()
        for value in values { append(value) }
    }
}
