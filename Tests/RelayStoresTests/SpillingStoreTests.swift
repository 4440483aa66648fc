import Redis
import RedisFixture
import RelayCore
import RelayStores
import StoreFixtures
import Testing
import WireProtocol

/// With a real server that goes and comes back. `appendfsync always`, so that it comes back with what it had.
@Suite(.serialized) struct SpillingStoreTests {
    private let server: RedisServer
    private let folder: TemporaryFolder

    init() throws {
        server = try RedisServer(["--appendonly", "yes", "--appendfsync", "always"])
        folder = try TemporaryFolder()
    }

    private func open(maxMessagesPerAgent: Int = 10_000, spillBytes: Int = 1 << 30) async throws -> SpillingStore {
        let settings = RedisSettings(addresses: [.init(host: "127.0.0.1", port: server.port)])
        var limits = QueueLimits(maxMessagesPerAgent: maxMessagesPerAgent, maxSharePerSender: 1)
        let redis = try await RedisStore.open(settings, limits: limits)
        limits.maxTotalBytes = spillBytes
        return try await SpillingStore.open(
            redis,
            spill: try SQLiteStore(path: folder.file("spill.db"), limits: limits, keepsOwed: true),
            maxTotalBytes: 1 << 30
        )
    }

    /// What the relay does every few seconds begins the move.
    private func untilMoved(_ store: SpillingStore) async throws {
        while store.statistics.agents > 0 {
            _ = try? await store.expire(now: Sample.now)
            await Task.yield()
        }
    }

    private func untilConnected(_ store: SpillingStore) async throws {
        while store.health != .ok { await Task.yield() }
    }

    @Test func keepsWhatThePrimaryCannotTakeAndTheOrder() async throws {
        let store = try await open()
        for number in UInt64(0)..<3 { _ = try await store.put(Sample.message(number)) }
        server.kill()
        for number in UInt64(3)..<6 {
            #expect(try await store.put(Sample.message(number)) == [.stored(sequence: 0)])
        }
        #expect(store.health != .ok)
        #expect(store.totals.messages == 6)
        #expect(store.statistics.messages == 3)
        await #expect(throws: StoreFailure.self) { try await store.load(2) }
        try server.start()
        try await untilConnected(store)
        // Behind those that wait, though the primary is there.
        #expect(try await store.put(Sample.message(6)) == [.stored(sequence: 0)])
        try await untilMoved(store)
        #expect(try await store.load(2).messages.map(\.message.routing.id) == (0..<7).map { Sample.id($0) })
        #expect(store.totals.messages == 7)
        #expect(store.statistics.moved == 4)
        guard case .stored(let sequence) = try await store.put(Sample.message(7))[0] else { return }
        #expect(sequence > 0, "diverted for ever")
        await store.close()
    }

    @Test func aRunThatEndedMeanwhileLosesNothing() async throws {
        let first = try await open()
        server.kill()
        _ = try await first.put(Sample.message(1), Sample.message(2, to: 3))
        await first.close()
        let second = try await open()
        #expect(second.totals.messages == 2)
        #expect(second.statistics.agents == 2)
        try server.start()
        try await untilMoved(second)
        #expect(try await second.load(2).messages.count == 1)
        #expect(try await second.load(3).messages.count == 1)
        await second.close()
    }

    /// The recipient had them already and acknowledges while the primary is away.
    @Test func aRemovalReachesThePrimaryBeforeAnybodyReadsIt() async throws {
        let store = try await open()
        _ = try await store.put(Sample.message(1), Sample.message(2), Sample.message(3, mode: .exactlyOnce))
        server.kill()
        #expect(try await store.remove(Sample.message(1)) == .removed)
        #expect(try await store.remove(Sample.message(3, mode: .exactlyOnce)) == .removed)
        _ = try await store.put(Sample.message(4))
        #expect(try await store.remove(Sample.message(4)) == .removed)
        #expect(store.totals.messages == 1)
        try server.start()
        try await untilMoved(store)
        #expect(try await store.load(2).messages.map(\.message.routing.id) == [Sample.id(2)])
        #expect(try await store.put(Sample.message(3, mode: .exactlyOnce)) == [.duplicate])
        #expect(store.totals.messages == 1)
        await store.close()
    }

    /// A sender tries again what it has no answer for, and what the primary took is told as a duplicate.
    @Test func whatBothHaveIsCountedOnce() async throws {
        let store = try await open()
        _ = try await store.put(Sample.message(1))
        server.kill()
        #expect(try await store.put(Sample.message(1)) == [.stored(sequence: 0)])
        #expect(store.totals.messages == 2)
        try server.start()
        try await untilMoved(store)
        #expect(store.totals.messages == 1)
        #expect(store.statistics.duplicates == 1)
        await store.close()
    }

    @Test func aFullSpillRefuses() async throws {
        let store = try await open(spillBytes: 2_000)
        server.kill()
        _ = try await store.put(Sample.message(1, envelopeBytes: 1_000))
        let second = try await store.put(Sample.message(2, envelopeBytes: 1_000))
        #expect(second == [.refused(.totalBytes)])
        await store.close()
    }

    /// What does not fit into its recipient's queue waits in the file, and holds up nobody else.
    @Test func aFullQueueIsMovedIntoAsItEmpties() async throws {
        let store = try await open(maxMessagesPerAgent: 3)
        let messages = (UInt64(0)..<5).map { Sample.message($0) }
        for message in messages.prefix(3) { _ = try await store.put(message) }
        server.kill()
        for message in messages.suffix(2) { _ = try await store.put(message, Sample.message(9, to: 3)) }
        try server.start()
        try await untilConnected(store)
        while store.statistics.agents > 1 {
            _ = try? await store.expire(now: Sample.now)
            await Task.yield()
        }
        #expect(try await store.load(3).messages.count == 1)
        let page = try await store.load(2)
        #expect(page.messages.count == 3)
        #expect(!page.isLast)
        #expect(store.totals.messages == 6)
        for message in messages.prefix(3) { #expect(try await store.remove(message) == .removed) }
        try await untilMoved(store)
        #expect(try await store.load(2).messages.map(\.message) == Array(messages.suffix(2)))
        await store.close()
    }

    /// The server dies and comes back in the midst of batches: what was acknowledged is there, in order.
    @Test func nothingAcknowledgedIsLostHoweverOftenTheServerDies() async throws {
        let store = try await open()
        var sent: [MessageID] = []
        for round in UInt64(0)..<4 {
            for number in UInt64(0)..<100 {
                if number == 30 { server.kill() }
                if number == 60 { try server.start() }
                let message = Sample.message(round * 1_000 + number)
                if case .stored = try await store.put(message)[0] { sent.append(message.routing.id) }
            }
        }
        #expect(sent.count == 400)
        try await untilMoved(store)
        let page = try await store.load(2, maxMessages: .max, maxBytes: .max)
        #expect(page.messages.map(\.message.routing.id) == sent)
        #expect(store.totals.messages == 400)
        await store.close()
    }

    @Test func whatExpiresInTheSpillIsTold() async throws {
        let store = try await open()
        server.kill()
        let message = Sample.message(1, expiresAt: Sample.now + 10)
        _ = try await store.put(message, Sample.message(2))
        var expired: [MessageKey] = []
        while expired.isEmpty { expired = (try? await store.expire(now: Sample.now + 20)) ?? [] }
        #expect(expired == [message.key])
        #expect(store.totals.messages == 1)
        await store.close()
    }

    /// What nobody reads any more is not left behind, nor does it keep its agent diverted.
    @Test func whatExpiredMeanwhileLeavesTheFile() async throws {
        let store = try await open()
        server.kill()
        _ = try await store.put(Sample.message(1, expiresAt: Sample.now + 10))
        try server.start()
        try await untilConnected(store)
        var expired: [MessageKey] = []
        while store.statistics.agents > 0 { expired += (try? await store.expire(now: Sample.now + 20)) ?? [] }
        #expect(expired == [Sample.message(1).key])
        #expect(store.totals.messages == 0)
        await store.close()
    }

    /// Acknowledged while the primary was away, and ended before anything was moved.
    @Test func anOrderlyEndPaysWhatItOwes() async throws {
        let first = try await open()
        _ = try await first.put(Sample.message(1, mode: .exactlyOnce), Sample.message(2))
        server.kill()
        #expect(try await first.remove(Sample.message(1, mode: .exactlyOnce)) == .removed)
        try server.start()
        try await untilConnected(first)
        await first.close()
        let second = try await open()
        #expect(try await second.load(2).messages.map(\.message) == [Sample.message(2)])
        #expect(try await second.put(Sample.message(1, mode: .exactlyOnce)) == [.duplicate])
        await second.close()
    }

    /// The next run knows what its recipient has, exactly-once messages above all, and counts it no more.
    @Test func whatARunOwedTheNextOnePays() async throws {
        let first = try await open()
        let once = Sample.message(1, mode: .exactlyOnce)
        _ = try await first.put(once, Sample.message(2))
        server.kill()
        _ = try await first.put(Sample.message(3))
        #expect(try await first.remove(once) == .removed)
        #expect(try await first.remove(Sample.message(3)) == .removed)
        #expect(first.statistics.owedRemovals == 2)
        await first.close()
        let second = try await open()
        #expect(second.totals.messages == 0)
        #expect(second.statistics.owedRemovals == 2)
        try server.start()
        try await untilConnected(second)
        #expect(second.totals.messages == 1)
        #expect(second.totals.recovered == 1)
        #expect(try await second.load(2).messages.map(\.message) == [Sample.message(2)])
        try await untilMoved(second)
        #expect(try await second.put(once) == [.duplicate])
        #expect(second.totals.messages == 1)
        #expect(second.totals.recovered == 1)
        #expect(second.statistics.owedRemovals == 0)
        await second.close()
    }

    /// A removal is made once: of the same key sent anew the third run knows nothing.
    @Test func whatIsPaidIsOwedNoMore() async throws {
        for _ in 0..<2 {
            let store = try await open()
            server.kill()
            _ = try await store.put(Sample.message(1))
            #expect(try await store.remove(Sample.message(1)) == .removed)
            try server.start()
            try await untilConnected(store)
            try await untilMoved(store)
            _ = try await store.put(Sample.message(1))
            await store.close()
            let next = try await open()
            #expect(next.statistics.agents == 0)
            #expect(try await next.load(2).messages.map(\.message) == [Sample.message(1)])
            _ = try await next.remove(Sample.message(1))
            await next.close()
        }
    }

    /// A server without memory: what others acknowledge makes room, whosever turn it is.
    @Test func aFullServerIsPaidBeforeItIsAskedToTakeMore() async throws {
        try server.cli("CONFIG", "SET", "maxmemory", "8mb")
        let store = try await open()
        var stored: [Message] = []
        while store.statistics.messages < 3 {
            let message = Sample.message(UInt64(stored.count), to: UInt32(stored.count % 5), envelopeBytes: 60_000)
            _ = try await store.put(message)
            stored.append(message)
        }
        #expect(stored.count < 1_000)
        for message in stored.prefix(40) { #expect(try await store.remove(message) == .removed) }
        while store.statistics.messages > 0 { _ = try? await store.expire(now: Sample.now) }
        #expect(store.totals.messages == stored.count - 40)
        await store.close()
    }
}
