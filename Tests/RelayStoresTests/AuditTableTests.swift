import Postgres
import PostgresFixture
import RelayCore
import RelayStores
import StoreFixtures
import Synchronization
import Testing

/// Security events in a real PostgreSQL server.
@Suite(.serialized, .timeLimit(.minutes(2))) struct AuditTableTests {
    private let server: PostgresServer
    private let told = Told()

    private final class Told: Sendable {
        let failures = Mutex<[PostgresFailure?]>([])
        var all: [PostgresFailure?] { failures.withLock { $0 } }
    }

    init() async throws {
        server = try await PostgresServer.launch()
        try PostgresStore.migrate(settings)
    }

    private var settings: PostgresSettings {
        var settings = PostgresSettings(hosts: ["127.0.0.1"], database: "postgres", user: PostgresServer.user)
        settings.port = server.port
        settings.security = .disable
        return settings
    }

    private func open(days: Int = 36_500, maxBytes: Int = 4 << 20) throws -> AuditTable {
        try AuditTable(settings, days: days, maxBytes: maxBytes) { [told] failure in
            told.failures.withLock { $0.append(failure) }
        }
    }

    private func record(_ number: Int, _ text: String = "x") -> AuditRecord {
        let line = #"{"event":"replay","number":\#(number),"text":"\#(text)"}"#
        return AuditRecord(at: Sample.now + UInt64(number), event: "replay", line: Array(line.utf8))
    }

    private func close(_ table: AuditTable) async {
        await withCheckedContinuation { continuation in table.close { continuation.resume() } }
    }

    private var numbers: String {
        get throws { try server.sql("SELECT string_agg(line->>'number', ',' ORDER BY at) FROM moltrelay.audit_log") }
    }

    @Test func whatIsRecordedIsThere() async throws {
        let table = try open()
        for number in 1...3 { table.record(record(number)) }
        while table.statistics.written < 3 { await Task.yield() }
        #expect(try numbers == "1,2,3")
        let first = try server.sql(
            "SET timezone = 'UTC'; SELECT at, event, line FROM moltrelay.audit_log ORDER BY at LIMIT 1"
        )
        #expect(first == #"2026-01-01 00:00:00.001+00|replay|{"text": "x", "event": "replay", "number": 1}"#)
        // Without the pause, and before it has ended.
        table.record(record(4))
        await close(table)
        #expect(try numbers == "1,2,3,4")
        #expect(table.statistics.written == 4 && table.statistics.left == 0)
        table.record(record(5))
        #expect(table.statistics.written == 4)
    }

    /// It waits, within its bound; what is over it is counted.
    @Test func aServerThatIsAwayIsWaitedFor() async throws {
        let table = try open(maxBytes: 1_000)
        server.kill()
        for number in 1...20 { table.record(record(number)) }
        while told.all.isEmpty { await Task.yield() }
        let lost = table.statistics.turnedAway
        #expect(lost > 0 && lost < 20 && table.statistics.written == 0)
        try server.start()
        while table.statistics.written < 20 - lost { await Task.yield() }
        while told.all.count < 2 { await Task.yield() }
        #expect(told.all.map { $0 == nil } == [false, true])
        let expected = (1...20 - lost).map(String.init).joined(separator: ",")
        #expect(try numbers == expected)
        await close(table)
    }

    /// jsonb takes no U+0000; those beside it do not wait for it.
    @Test func aRecordThatTheServerRefusesIsLostAlone() async throws {
        let table = try open()
        table.record(record(1))
        table.record(record(2, #"\u0000"#))
        table.record(record(3))
        while table.statistics.written < 2 { await Task.yield() }
        #expect(try numbers == "1,3")
        #expect(table.statistics.refused == 1 && told.all.isEmpty)
        await close(table)
    }

    @Test func whatIsOldGoes() async throws {
        try server.sql(
            """
            INSERT INTO moltrelay.audit_log SELECT 1, n, now() - make_interval(days => n % 9), 'old', '{}'
            FROM generate_series(1, 12000) AS n
            """
        )
        let table = try open(days: 4)
        table.record(record(1))
        while try server.sql("SELECT count(*) FROM moltrelay.audit_log WHERE at < now() - interval '4 days'") != "0" {
            await Task.yield()
        }
        // The record of January is as old as what went.
        #expect(try server.sql("SELECT count(*) BETWEEN 5000 AND 5400 FROM moltrelay.audit_log") == "t")
        await close(table)
    }

    @Test func whatIsLeftAtTheEndIsCounted() async throws {
        let table = try open()
        server.kill()
        for number in 1...3 { table.record(record(number)) }
        await close(table)
        #expect(table.statistics.left == 3 && table.statistics.written == 0)
    }
}
