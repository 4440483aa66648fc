import Redis
import RedisFixture
import RelayCore
import RelayStores
import StoreFixtures
import Testing
import WireProtocol

/// What the contract says nothing about: servers that break.
@Suite(.serialized) struct RedisStoreTests {
    private func settings(_ server: RedisServer) -> RedisSettings {
        RedisSettings(addresses: [.init(host: "127.0.0.1", port: server.port)])
    }

    private func open(_ server: RedisServer) async throws -> RedisStore {
        try await RedisStore.open(settings(server), limits: QueueLimits(maxSharePerSender: 1))
    }

    /// With `appendfsync always` nothing that was acknowledged is lost, and what came of a failed batch is counted.
    @Test func whatWasAcknowledgedIsThereAfterTheServerWasKilled() async throws {
        let server = try RedisServer(["--appendonly", "yes", "--appendfsync", "always"])
        let store = try await open(server)
        var acknowledged: Set<MessageKey> = []
        for round in UInt64(0)..<3 {
            let batches = (UInt64(0)..<40).map { batch in
                (UInt64(0)..<10).map { Sample.message(round * 1_000 + batch * 10 + $0) }
            }
            await withTaskGroup(of: [MessageKey].self) { group in
                for (number, batch) in batches.enumerated() {
                    group.addTask {
                        // Among them, so that some are in flight.
                        if number == 20 { server.kill() }
                        return (try? await store.commit(batch.map { .put($0) })) == nil ? [] : batch.map(\.key)
                    }
                }
                for await keys in group { acknowledged.formUnion(keys) }
            }
            #expect(store.health != .ok)
            try server.start()
            try await untilItWorks(store)
            let page = try await store.load(2, maxMessages: .max, maxBytes: .max)
            let there = Set(page.messages.map(\.message.key))
            #expect(acknowledged.isSubset(of: there))
            #expect(store.totals.messages == there.count)
            acknowledged = there
            for message in batches.joined() {
                let again = try await store.put(message)
                #expect((again == [.duplicate]) == there.contains(message.key))
                acknowledged.insert(message.key)
            }
        }
        #expect(store.totals.messages == acknowledged.count)
        await store.close()
    }

    /// A full server refuses whole batches, and empties by the removals in them.
    @Test func aServerWithoutMemoryTakesRemovals() async throws {
        let server = try RedisServer(["--maxmemory", "8mb", "--maxmemory-policy", "noeviction"])
        let store = try await open(server)
        var stored: [Message] = []
        while stored.count < 1_000 {
            let message = Sample.message(UInt64(stored.count), envelopeBytes: 60_000)
            guard case .stored = try? await store.put(message).first else { break }
            stored.append(message)
        }
        #expect(stored.count < 1_000)
        #expect("\(store.health)".contains("OOM"))
        let more = Sample.message(2_000, envelopeBytes: 60_000)
        let mixed = [StoreOperation.put(more)] + stored.prefix(20).map { .remove($0.key) }
        await #expect(throws: StoreFailure.self) { try await store.commit(mixed) }
        #expect(store.totals.messages == stored.count - 20)
        #expect(store.health != .ok)
        #expect(try await store.put(more).count == 1)
        #expect(store.health == .ok)
        await store.close()
    }

    /// Nobody need put anything for it to be found out that there is room again.
    @Test func aServerThatWasFullIsTriedAgain() async throws {
        let server = try RedisServer()
        let store = try await open(server)
        try server.cli("CONFIG", "SET", "maxmemory", "1")
        await #expect(throws: StoreFailure.self) { try await store.put(Sample.message(1)) }
        _ = try await store.expire(now: 0, limit: 1)
        #expect(try await store.status(of: 2).messages == 0)
        #expect(store.health != .ok)
        try server.cli("CONFIG", "SET", "maxmemory", "0")
        _ = try await store.expire(now: 0, limit: 1)
        // Behind what the expiry sent.
        _ = try await store.status(of: 2)
        #expect(store.health == .ok)
        await store.close()
    }

    @Test(arguments: [
        (["--appendonly", "yes", "--appendfsync", "always"], "a crash of the server and the loss of power"),
        (["--appendonly", "yes"], "a crash of the server; the loss of power takes the last second or two"),
        (["--appendonly", "yes", "--appendfsync", "no"], "a crash of the server; the loss of power takes what Linux"),
        ([], "nothing but the server's last snapshot"),
        (["--rename-command", "CONFIG", ""], "unknown: the server does not tell"),
    ])
    func whatAnAcknowledgementMeansIsAsked(arguments: [String], words: String) async throws {
        let store = try await open(RedisServer(arguments))
        let policy = try #require(store.statistics.policy)
        #expect(policy.survives.hasPrefix(words), "\(policy)")
        #expect(policy.complaint == nil)
        await store.close()
    }

    @Test func aServerThatIsAwayAtTheStartIsFoundLater() async throws {
        let server = try RedisServer(isStarted: false)
        let store = try await open(server)
        #expect(store.health != .ok)
        await #expect(throws: StoreFailure.self) { try await store.put(Sample.message(1)) }
        try server.start()
        try await untilItWorks(store)
        #expect(store.health == .ok)
        await store.close()
    }

    @Test func whatWillNotPassIsToldAtOnce() async throws {
        let server = try RedisServer(["--requirepass", "right"])
        await #expect(throws: RedisFailure.self) { try await open(server) }
        let newer = try RedisServer()
        try newer.cli("HSET", "moltrelay:{0}:t", "v", "2")
        let failure = await #expect(throws: RedisFailure.self) { try await open(newer) }
        #expect(failure?.description.hasPrefix("the queue there is of version 2") == true)
    }

    /// What docs/redis.md says is enough.
    @Test func aUserWithFewRightsIsEnough() async throws {
        let rights = ["~moltrelay:*", "+@read", "+@write", "+@scripting", "+@connection", "+time"]
        let server = try RedisServer(["--user", "relay", "on", ">own"] + rights)
        var settings = settings(server)
        (settings.username, settings.password) = ("relay", "own")
        let store = try await RedisStore.open(settings, limits: QueueLimits(maxSharePerSender: 1))
        #expect(try await store.put(Sample.message(1, mode: .exactlyOnce)) != [.duplicate])
        #expect(try await store.remove(Sample.message(1)) == .removed)
        #expect(try await store.put(Sample.message(1, mode: .exactlyOnce)) == [.duplicate])
        await store.close()
    }

    /// As after the loss of the last second, or on a replica that was behind: a relay's cursor must not pass them over.
    @Test func sequencesRiseOverAServerThatForgotThem() async throws {
        let server = try RedisServer()
        let store = try await open(server)
        let first = try await store.put(Sample.message(1))
        try server.cli("FLUSHALL")
        let second = try await store.put(Sample.message(1))
        guard case (.stored(let before), .stored(let after)) = (first[0], second[0]) else {
            Issue.record("\(first), \(second)")
            return
        }
        #expect(after > before)
        await store.close()
    }

    /// A page that ends behind them would be asked for again and again.
    @Test func damageThatFillsAPageIsPassedOver() async throws {
        let server = try RedisServer()
        let store = try await open(server)
        for number in UInt64(1)...8 { _ = try await store.put(Sample.message(number)) }
        let script = """
            local q = redis.call('KEYS', '*:q*')[1]
            local all = redis.call('XRANGE', q, '-', '+')
            redis.call('DEL', q)
            for i, e in ipairs(all) do
                if i <= 5 then e[2][10] = 'damaged' end
                redis.call('XADD', q, e[1], unpack(e[2]))
            end
            """
        try server.cli("EVAL", script, "0")
        let page = try await store.load(2, maxMessages: 1)
        #expect(page.messages.map(\.message.routing.id) == [Sample.id(6)])
        #expect(!page.isLast, "no more than was asked for")
        #expect(store.statistics.corruptRows == 5)
        await store.close()
    }

    /// An agent's lanes are written down, which relays of before did not do.
    @Test(arguments: [true, false]) func theFirstMessageIsFoundInEveryLane(isOfARelayOfBefore: Bool) async throws {
        let server = try RedisServer()
        let store = try await open(server)
        let messages = (UInt64(1)...4).map {
            Sample.message($0, priority: [128, 255, 0, 128][Int($0) - 1], acceptedAt: Sample.now + $0)
        }
        for message in messages { _ = try await store.put(message) }
        if isOfARelayOfBefore {
            try server.cli("EVAL", "return redis.call('HDEL', redis.call('KEYS', '*:c:*')[1], 'l')", "0")
        }
        for (message, next) in zip(messages, messages.dropFirst()) {
            #expect(try await store.remove(message) == .removed)
            #expect(try await store.status(of: 2).oldestAcceptedAt == next.acceptedAt)
        }
        // Put and removed in one batch, the same key both ways round.
        let (last, key) = (messages[3], messages[3].key)
        let outcomes = try await store.commit([.remove(key), .put(last), .put(last), .remove(key), .remove(key)])
        #expect(outcomes.count == 5 && outcomes[0] == .removed && outcomes[2...] == [.duplicate, .removed, .absent])
        #expect(try server.cli("KEYS", "moltrelay:{0}:[aceikq]*").split(separator: "\n").count == 1)
        await store.close()
    }

    /// More than the server is asked for at a time.
    @Test func everyQueueIsListed() async throws {
        let server = try RedisServer()
        let store = try await open(server)
        _ = try await store.commit((0..<2_500).map { .put(Sample.message(UInt64($0), to: UInt32($0))) })
        let list = try await store.queues(QueueListQuestion(order: .agent, limit: 5_000))
        #expect(list.agents == 2_500)
        #expect(list.queues.map(\.recipient) == (0..<2_500).map { Sample.agent(UInt32($0)) }.sorted())
        await store.close()
    }

    /// Two relays on one queue: what one stored the other loads, removes and counts.
    @Test func twoStoresShareOneQueue() async throws {
        let server = try RedisServer()
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

    /// Each attempt fails at once while the server is away.
    private func untilItWorks(_ store: RedisStore) async throws {
        while (try? await store.status(of: 999)) == nil { await Task.yield() }
    }
}
