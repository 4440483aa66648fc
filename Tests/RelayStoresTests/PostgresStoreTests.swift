import Postgres
import PostgresFixture
import RelayCore
import RelayStores
import StoreFixtures
import Testing
import WireProtocol

/// What the contract says nothing about: servers that break.
@Suite(.serialized) struct PostgresStoreTests {
    private func settings(_ server: PostgresServer) -> PostgresSettings {
        var settings = PostgresSettings(hosts: ["127.0.0.1"], database: "postgres", user: PostgresServer.user)
        settings.port = server.port
        settings.security = .disable
        return settings
    }

    private func open(
        _ server: PostgresServer,
        migrates: Bool = true,
        change: (inout PostgresSettings) -> Void = { _ in }
    ) async throws -> PostgresStore {
        var settings = settings(server)
        change(&settings)
        return try await PostgresStore.open(settings, migrates: migrates, limits: QueueLimits(maxSharePerSender: 1))
    }

    /// Nothing that was acknowledged is lost, and what came of a failed batch is counted.
    @Test func whatWasAcknowledgedIsThereAfterTheServerWasKilled() async throws {
        let server = try await PostgresServer.launch()
        let store = try await open(server)
        var acknowledged: Set<MessageKey> = []
        for round in UInt64(0)..<3 {
            let batches = (UInt64(0)..<40).map { batch in
                (UInt64(0)..<10).map { Sample.message(round * 1_000 + batch * 10 + $0) }
            }
            acknowledged.formUnion(await commit(batches, to: store) { if $0 == 20 { server.kill() } })
            #expect(store.health != .ok)
            try server.start()
            try await untilItWorks(store)
            let page = try await store.load(2, maxMessages: .max, maxBytes: .max)
            let there = Set(page.messages.map(\.message.key))
            #expect(acknowledged.isSubset(of: there))
            #expect(store.totals.messages == there.count)
            for message in batches.joined() {
                let again = try await store.put(message)
                #expect((again == [.duplicate]) == there.contains(message.key))
                acknowledged.insert(message.key)
            }
        }
        #expect(store.totals.messages == acknowledged.count)
        await store.close()
    }

    private func commit(
        _ batches: [[Message]],
        to store: PostgresStore,
        before: @escaping @Sendable (Int) -> Void
    ) async -> Set<MessageKey> {
        await withTaskGroup(of: [MessageKey].self) { group in
            for (number, batch) in batches.enumerated() {
                group.addTask {
                    before(number)
                    return (try? await store.commit(batch.map { .put($0) })) == nil ? [] : batch.map(\.key)
                }
            }
            return await group.reduce(into: []) { $0.formUnion($1) }
        }
    }

    @Test func aServerThatIsAwayAtTheStartIsFoundLater() async throws {
        let server = try await PostgresServer.launch(isStarted: false)
        let store = try await open(server)
        #expect(store.health != .ok)
        await #expect(throws: StoreFailure.self) { try await store.put(Sample.message(1)) }
        try server.start()
        try await untilItWorks(store)
        #expect(try await store.put(Sample.message(1)).first?.isStored == true)
        #expect(store.health == .ok)
        await store.close()
    }

    @Test func whatWillNotPassIsToldAtOnce() async throws {
        let server = try await PostgresServer.launch()
        let database = await #expect(throws: PostgresFailure.self) { try await open(server) { $0.database = "none" } }
        #expect(database?.description.hasSuffix("database \"none\" does not exist") == true)
        let without = await #expect(throws: PostgresFailure.self) { try await open(server, migrates: false) }
        let expected =
            "127.0.0.1:\(server.port): the tables in schema moltrelay are not there; `moltrelay migrate` makes version 3"
        #expect(without == .refused(expected))
        await (try open(server)).close()
        try server.sql("INSERT INTO moltrelay.schema_version VALUES (4)")
        let newer = await #expect(throws: PostgresFailure.self) { try await open(server) }
        #expect(newer?.description.contains(": the tables there are of version 4,") == true)
    }

    /// What docs/postgres.md says is enough, once the tables are made.
    @Test func aUserWithFewRightsIsEnough() async throws {
        let server = try await PostgresServer.launch()
        try PostgresStore.migrate(settings(server))
        try server.sql(
            """
            CREATE ROLE relay LOGIN;
            GRANT USAGE ON SCHEMA moltrelay TO relay;
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA moltrelay TO relay;
            """
        )
        let store = try await open(server, migrates: true) { $0.user = "relay" }
        #expect(try await store.put(Sample.message(1, mode: .exactlyOnce)) != [.duplicate])
        #expect(try await store.remove(Sample.message(1)) == .removed)
        #expect(try await store.put(Sample.message(1, mode: .exactlyOnce)) == [.duplicate])
        await store.close()
        try server.sql("DROP SCHEMA moltrelay CASCADE")
        let failure = await #expect(throws: PostgresFailure.self) { try await open(server) { $0.user = "relay" } }
        #expect(failure?.isFinal == true)
        #expect(failure?.description.contains("permission denied for database postgres") == true)
    }

    /// Many at once make the tables once.
    @Test func relaysThatStartTogetherMigrateOnce() async throws {
        let server = try await PostgresServer.launch()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    let store = try await open(server)
                    #expect(store.health == .ok)
                    await store.close()
                }
            }
            try await group.waitForAll()
        }
        #expect(try server.sql("SELECT count(*) FROM moltrelay.schema_version") == "3")
    }

    /// Two relays on one queue: what one stored the other loads, removes and counts, and limits hold over both.
    @Test func twoStoresShareOneQueue() async throws {
        let server = try await PostgresServer.launch()
        let (one, two) = (try await open(server), try await open(server))
        _ = try await one.put(Sample.message(1), Sample.message(2))
        #expect(try await two.load(2).messages.count == 2)
        #expect(try await two.put(Sample.message(1)) == [.duplicate])
        #expect(try await two.remove(Sample.message(1)) == .removed)
        #expect(try await one.put(Sample.message(3)).count == 1)
        #expect(one.totals.messages == 2)
        await one.close()
        await two.close()
    }

    @Test func limitsHoldOverRelaysThatWriteAtOnce() async throws {
        let server = try await PostgresServer.launch()
        let limits = QueueLimits(maxMessagesPerAgent: 100, maxSharePerSender: 1)
        let stores = [
            try await PostgresStore.open(settings(server), limits: limits),
            try await PostgresStore.open(settings(server), limits: limits),
        ]
        let stored = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let outcomes = try await stores[number % 2].put(Sample.message(UInt64(number)))
                    return outcomes[0].isStored ? 1 : 0
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(stored == 100)
        #expect(try server.sql("SELECT messages FROM moltrelay.totals") == "100")
        #expect(try server.sql("SELECT count(DISTINCT sequence) FROM moltrelay.queue") == "100")
        for store in stores { await store.close() }
    }

    /// The counters that are kept are what a count would say, after everything that moves them.
    @Test func countersAgreeWithWhatTheyCount() async throws {
        let server = try await PostgresServer.launch()
        let store = try await open(server)
        for round in UInt64(0)..<6 {
            let messages = (0..<60).map { number -> Message in
                let mode = number.isMultiple(of: 4) ? DeliveryMode.exactlyOnce : .atLeastOnce
                let (from, to) = (UInt32(number % 5), UInt32(number % 7))
                return Sample.message(round * 40 + UInt64(number), from: from, to: to, mode: mode)
            }
            _ = try await store.commit(messages.map { .put($0) })
            _ = try await store.commit(
                messages.prefix(25).flatMap { [.remove($0.key), .put($0), .remove($0.key)] as [StoreOperation] }
            )
        }
        _ = try await store.purge(3, limit: 5)
        _ = try await store.purge(4)
        let expiring = Sample.message(9_000, expiresAt: Sample.now + 1)
        _ = try await store.put(expiring)
        #expect(try await store.expire(now: Sample.now + 1) == [expiring.key])
        let wrong = """
            SELECT (SELECT (messages, bytes, exactly_once, remembered) = (
                    (SELECT count(*) FROM moltrelay.queue), (SELECT sum(size) FROM moltrelay.queue),
                    (SELECT count(*) FROM moltrelay.queue WHERE exactly_once),
                    (SELECT count(*) FROM moltrelay.remembered)) FROM moltrelay.totals),
                (SELECT array_agg((recipient, messages, bytes) ORDER BY recipient) FROM moltrelay.recipients)
                = (SELECT array_agg((recipient, m, b) ORDER BY recipient) FROM (
                    SELECT recipient, count(*) AS m, sum(size)::int8 AS b FROM moltrelay.queue GROUP BY 1) AS r),
                (SELECT array_agg((recipient, sender, messages) ORDER BY recipient, sender) FROM moltrelay.senders)
                = (SELECT array_agg((recipient, sender, m) ORDER BY recipient, sender) FROM (
                    SELECT recipient, sender, count(*) AS m FROM moltrelay.queue GROUP BY 1, 2) AS s)
            """
        #expect(try server.sql(wrong) == "t|t|t")
        await store.close()
    }

    /// As on a replica that took over and was behind: a relay's cursor must not pass them over.
    @Test func sequencesRiseOverAServerThatForgotThem() async throws {
        let server = try await PostgresServer.launch()
        let store = try await open(server)
        let first = try await store.put(Sample.message(1))
        try server.sql("UPDATE moltrelay.totals SET last_sequence = 0")
        let second = try await store.put(Sample.message(2))
        guard case (.stored(let before), .stored(let after)) = (first[0], second[0]) else {
            Issue.record("\(first), \(second)")
            return
        }
        #expect(after > before)
        await store.close()
    }

    @Test func aServerThatDoesNotSyncIsComplainedOf() async throws {
        let store = try await open(PostgresServer.launch())
        #expect(store.statistics.complaint == nil)
        await store.close()
        let careless = try await open(PostgresServer.launch(settings: ["fsync = off"]))
        #expect(careless.statistics.complaint == "fsync is off: the loss of power may take the queue")
        await careless.close()
    }

    /// `synchronous_commit = off` would lose what was acknowledged; anything else is the operator's choice.
    @Test(arguments: [("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")])
    func whatACommitWaitsForIsAtLeastTheDisk(_ setting: String, _ expected: String) async throws {
        let server = try await PostgresServer.launch(settings: ["synchronous_commit = \(setting)"])
        let store = try await open(server)
        try server.sql(
            """
            CREATE TABLE moltrelay.seen AS SELECT ''::text AS setting;
            CREATE FUNCTION moltrelay.see() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN UPDATE moltrelay.seen SET setting = current_setting('synchronous_commit'); RETURN NULL; END $$;
            CREATE TRIGGER see AFTER INSERT ON moltrelay.queue EXECUTE FUNCTION moltrelay.see();
            """
        )
        _ = try await store.put(Sample.message(1))
        #expect(try server.sql("SELECT setting FROM moltrelay.seen") == expected)
        await store.close()
    }

    /// A replica takes over: both are in the configuration, and nothing that was acknowledged is lost.
    @Test func aPromotedReplicaTakesOver() async throws {
        let primary = try await PostgresServer.launch(
            settings: ["synchronous_standby_names = '*'"],
            address: "127.0.0.1"
        )
        // Until the replica is there a commit would wait for it.
        let replica = try await PostgresServer.launch(
            settings: ["synchronous_standby_names = ''"],
            address: "127.0.0.2",
            following: primary
        )
        let store = try await open(primary) { $0.hosts = ["127.0.0.1", "127.0.0.2"] }
        let before = (UInt64(0)..<50).map { Sample.message($0) }
        #expect(try await store.commit(before.map { .put($0) }).allSatisfy(\.isStored))
        primary.kill()
        await #expect(throws: StoreFailure.self) { try await store.put(Sample.message(100)) }
        try replica.sql("SELECT pg_promote()")
        try await untilItWorks(store)
        let after = try await store.put(Sample.message(101))
        let page = try await store.load(2)
        #expect(page.messages.count == 51)
        #expect(after == [.stored(sequence: page.messages.last?.sequence ?? 0)])
        await store.close()
    }

    @Test func aServerThatTurnsReadOnlySaysSo() async throws {
        let server = try await PostgresServer.launch()
        let store = try await open(server)
        _ = try await store.put(Sample.message(1))
        try server.sql("ALTER SYSTEM SET default_transaction_read_only = on")
        try server.sql("SELECT pg_reload_conf()")
        while (try? await store.put(Sample.message(2))) != nil { _ = try await store.remove(Sample.message(2)) }
        #expect(store.health != .ok)
        try server.sql("ALTER SYSTEM RESET default_transaction_read_only")
        try server.sql("SELECT pg_reload_conf()")
        try await untilItWorks(store)
        while store.health != .ok { await Task.yield() }
        #expect(try await store.load(2).messages.first?.message == Sample.message(1))
        await store.close()
    }

    /// The server says it of a batch; the store's health stands until as much can be written, with or without traffic.
    @Test func aFullDiskIsSaidUntilThereIsRoom() async throws {
        let server = try await PostgresServer.launch()
        let store = try await open(server)
        try server.sql(
            """
            CREATE SEQUENCE moltrelay.tries;
            CREATE FUNCTION brim() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                PERFORM nextval('moltrelay.tries');
                RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100';
            END $$;
            CREATE TRIGGER brim BEFORE INSERT ON moltrelay.queue EXECUTE FUNCTION brim();
            """
        )
        await #expect(throws: StoreFailure.diskFull) { try await store.put(Sample.message(1)) }
        #expect(try await store.remove(Sample.message(1)) == .absent)
        while try server.sql("SELECT last_value >= 3 FROM moltrelay.tries") != "t" { await Task.yield() }
        #expect(store.health.isFailing(with: "No space left on device (53100)"))
        try server.sql("DROP TRIGGER brim ON moltrelay.queue")
        while store.health != .ok { await Task.yield() }
        #expect(try await store.put(Sample.message(1)).first?.isStored == true)
        #expect(try server.sql("SELECT count(*) FROM moltrelay.queue") == "1")
        await store.close()
    }

    /// Somebody else's session holds the lock and says nothing more: the server ends it.
    @Test func aRelayThatHoldsTheLockAndFreezesIsEnded() async throws {
        let server = try await PostgresServer.launch()
        let store = try await open(server)
        let other = try PostgresConnection(to: "127.0.0.1", settings(server), session: "SET search_path = moltrelay")
        try other.execute("SET idle_in_transaction_session_timeout = '1s'; BEGIN; SELECT * FROM totals FOR UPDATE")
        #expect(try await store.put(Sample.message(1)).first?.isStored == true)
        #expect(throws: PostgresFailure.self) { try other.execute("SELECT 1") }
        await store.close()
    }

    /// Each attempt fails at once while the server is away.
    private func untilItWorks(_ store: PostgresStore) async throws {
        while (try? await store.remove(Sample.message(999))) == nil { await Task.yield() }
    }
}

extension StoreOutcome {
    fileprivate var isStored: Bool {
        if case .stored = self { true } else { false }
    }
}
