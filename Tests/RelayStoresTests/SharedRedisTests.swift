import Redis
import RedisFixture
import RelayCore
import RelayStores
import StoreFixtures
import Testing

/// Several relays on one queue, each with its part of the books.
@Suite(.serialized) struct SharedRedisTests {
    private let server: RedisServer

    init() throws { server = try RedisServer() }

    private func open(_ name: String) async throws -> RedisStore {
        let settings = RedisSettings(addresses: [.init(host: "127.0.0.1", port: server.port)])
        return try await RedisStore.open(settings, limits: QueueLimits(maxSharePerSender: 1), name: name)
    }

    /// As it is after the next sweep.
    private func share(_ store: RedisStore) async throws -> StoreTotals.Share {
        _ = try await store.expire(now: 0, limit: 1)
        return try #require(store.totals.own)
    }

    @Test func eachMessageIsCountedByTheOneThatPutIt() async throws {
        let (a, b) = (try await open("a"), try await open("b"))
        for id in UInt64(1)...5 { _ = try await a.put(Sample.message(id)) }
        for id in UInt64(11)...12 { _ = try await b.put(Sample.message(id)) }
        #expect(try await share(a).messages == 5)
        #expect(try await share(b).messages == 2)
        #expect(a.totals.messages == 7 && b.totals.messages == 7)
        #expect(try await share(a).bytes + share(b).bytes == a.totals.bytes)

        for id in UInt64(1)...3 { #expect(try await b.remove(Sample.message(id)) == .removed) }
        #expect(try await a.remove(Sample.message(11)) == .removed)
        #expect(try await a.remove(Sample.message(4)) == .removed)
        let (mine, theirs) = (try await share(a), try await share(b))
        #expect(mine.messages == 1 && mine.handedOver == 3 && mine.takenOver == 1)
        #expect(theirs.messages == 1 && theirs.handedOver == 1 && theirs.takenOver == 3)
        #expect(a.totals.recovered == 0 && b.totals.recovered == 0)
        await a.close()
        await b.close()
    }

    /// A replica that took over lacks the last writes, and has all that was counted before.
    @Test func aServerThatForgotALittleCountsNothingTwice() async throws {
        let before = try await open("a")
        for id in UInt64(1)...2 { _ = try await before.put(Sample.message(id)) }
        await before.close()
        let store = try await open("a")
        _ = try await store.put(Sample.message(3))
        #expect(store.totals.recovered == 2)
        let share =
            "moltrelay:{0}:i:" + (try server.cli("ZRANGE", "moltrelay:{0}:l", "0", "-1").split(separator: "\n")[0])
        #expect(try server.cli("HINCRBY", share, "p", "-1") == "0")
        try server.cli("CLIENT", "KILL", "TYPE", "normal")
        while store.statistics.connections < 2 { await Task.yield() }
        #expect(store.totals.recovered == 2 && store.totals.own?.messages == 3)
        await store.close()
    }

    /// By name at once, and by others once it has not been seen for a while.
    @Test func whatAGoneRelayCountedIsCountedByAnother() async throws {
        let a = try await open("a")
        for id in UInt64(1)...3 { _ = try await a.put(Sample.message(id)) }
        await a.close()
        let b = try await open("b")
        #expect(try await share(b).messages == 0 && b.totals.messages == 3)
        let again = try await open("a")
        #expect(try await share(again).messages == 3 && again.totals.recovered == 3)
        await again.close()

        try server.cli(
            "EVAL",
            "for _, r in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do "
                + "redis.call('ZINCRBY', KEYS[1], -120, r) end",
            "1",
            "moltrelay:{0}:l"
        )
        #expect(try await share(b).messages == 3 && b.totals.recovered == 3)
        #expect(try await b.remove(Sample.message(1)) == .removed)
        #expect(try await share(b) == .init(messages: 2, bytes: b.totals.bytes, takenOver: 0, handedOver: 0))
        await b.close()
    }

    /// It was away for so long that another counts its messages, and puts more.
    @Test func whoComesBackHandsOver() async throws {
        let (a, b) = (try await open("a"), try await open("b"))
        _ = try await a.put(Sample.message(1))
        try server.cli(
            "EVAL",
            "for _, r in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do "
                + "redis.call('ZINCRBY', KEYS[1], -120, r) end",
            "1",
            "moltrelay:{0}:l"
        )
        #expect(try await share(b).messages == 1)
        _ = try await a.put(Sample.message(2))
        let (mine, theirs) = (try await share(a), try await share(b))
        #expect(mine.messages == 0 && mine.handedOver == 2)
        #expect(theirs.messages == 2 && b.totals.recovered == 2)
        #expect(try await a.remove(Sample.message(2)) == .removed)
        let (after, other) = (try await share(a), try await share(b))
        #expect(after.takenOver == 1 && other.handedOver == 1 && other.messages == 1)
        await a.close()
        await b.close()
    }
}
