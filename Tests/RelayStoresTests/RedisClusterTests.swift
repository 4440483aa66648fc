import Redis
import RedisFixture
import RelayCore
import StoreFixtures
import Testing
import WireProtocol

@testable import RelayStores

/// Six real nodes, whose slots move and which die.
@Suite(.serialized) struct RedisClusterTests {
    private func open(
        _ servers: RedisClusterServers,
        _ limits: QueueLimits = roomy,
        prefix: String = "moltrelay"
    ) async throws -> RedisClusterStore {
        // The others are learned.
        let addresses = servers.ports.prefix(2).map { RedisSettings.Address(host: "127.0.0.1", port: $0) }
        return try await RedisClusterStore.open(RedisSettings(addresses: addresses), limits: limits, prefix: prefix)
    }

    private static let roomy = QueueLimits(maxSharePerSender: 1)

    /// Agents by the shard that they are in.
    private static let agents = (0..<QueueShard.tags.count).map { shard in
        UInt32((0...).first { QueueShard.of(Sample.agent(UInt32($0))) == shard } ?? 0)
    }

    /// Of the first primary, and of the last.
    private static let (here, elsewhere) = (agents[0], agents[15])

    @Test func slotsAreSpreadOverTheNodes() {
        let slots = QueueShard.tags.map(QueueShard.slot)
        #expect(slots.enumerated().allSatisfy { $1 * QueueShard.tags.count / KeySlot.count == $0 })
        #expect(Set(QueueShard.tags).count == 16)
    }

    @Test func slotsMoveAndReplicasTakeOver() async throws {
        let servers = try await RedisClusterServers.start()
        try await failsAloneWhileOnItsWay(servers, shard: 0, keys: 4, asked: 0)
        // Nothing of it is left where it was.
        try await failsAloneWhileOnItsWay(servers, shard: 1, keys: 1_000, asked: 1)
        try await losesNothingAndKeepsTheOrderOverAHandover(servers)
    }

    /// Some of its keys are here and the others there, or all: nothing is done to it, and others go on.
    private func failsAloneWhileOnItsWay(_ servers: RedisClusterServers, shard: Int, keys: Int, asked: Int) async throws
    {
        let store = try await open(servers)
        let (agent, slot, before) = (Self.agents[shard], QueueShard.slot(QueueShard.tags[shard]), store.totals.messages)
        for id in UInt64(1)...3 { _ = try await store.put(Sample.message(id, to: agent)) }
        try servers.beginMove(of: slot, from: 0, to: 1, keys: keys)

        await #expect(throws: StoreFailure.self) { try await store.put(Sample.message(4, to: agent)) }
        #expect(store.redirections.asked == asked)
        let mixed = try await store.put(Sample.message(5, to: agent), Sample.message(6, to: Self.agents[15 - shard]))
        #expect(mixed[0].isFailed && mixed[1].isStored, "\(mixed)")
        guard case .failing(let reason, _) = store.health else {
            Issue.record("it is said to be well")
            return
        }
        #expect(reason.contains(": TRYAGAIN ") && reason.hasSuffix(" (1 of 16 shards)"), "\(reason)")

        try servers.finishMove(of: slot, from: 0, to: 1)
        try await untilItWorks(store, agent)
        #expect(store.redirections.moved > 0 && store.health == .ok)
        #expect(try await store.put(Sample.message(7, to: agent)).areStored)
        let page = try await store.load(agent, maxMessages: 10)
        #expect(page.messages.map(\.message.routing.id) == [1, 2, 3, 7].map { Sample.id($0) })
        #expect(store.totals.messages == before + 5)
        await store.close()
    }

    /// Under traffic: what the old primary sends back goes on to the new one.
    private func losesNothingAndKeepsTheOrderOverAHandover(_ servers: RedisClusterServers) async throws {
        let store = try await open(servers, prefix: "handover")
        let agent = Self.elsewhere
        let lanes = (UInt64(0)..<4).map { lane in
            Task { try await putUntilSentOn(store, lane << 32, to: agent) }
        }
        try servers.nodes[5].cli("CLUSTER", "FAILOVER")
        var stored: [[UInt64]] = []
        for lane in lanes { stored.append(try await lane.value) }
        let page = try await store.load(agent, maxMessages: .max, maxBytes: .max)
        for (lane, stored) in stored.map({ $0.map { Sample.id($0) } }).enumerated() {
            let ids = Set(stored)
            #expect(page.messages.map(\.message.routing.id).filter(ids.contains) == stored, "lane \(lane)")
        }
        #expect(page.messages.count == stored.joined().count)
        #expect(store.totals.messages == page.messages.count && store.totals.own?.messages == page.messages.count)
        await store.close()
    }

    private func putUntilSentOn(_ store: RedisClusterStore, _ first: UInt64, to agent: UInt32) async throws -> [UInt64]
    {
        var stored: [UInt64] = []
        while store.redirections.moved == 0 || stored.count < 200 {
            let id = first + UInt64(stored.count)
            let outcome = try await store.put(Sample.message(id, to: agent))
            #expect(outcome.areStored)
            stored.append(id)
        }
        return stored
    }

    /// The replica that takes over has what had reached it; others go on meanwhile.
    @Test func aKilledPrimaryIsReplacedAndOthersGoOn() async throws {
        let servers = try await RedisClusterServers.start()
        let store = try await open(servers)
        for (shard, agent) in Self.agents.enumerated() {
            _ = try await store.put(Sample.message(UInt64(shard), to: agent))
        }
        try servers.nodes[0].cli("WAIT", "1", "5000")
        servers.nodes[0].kill()
        await #expect(throws: StoreFailure.self) {
            while true { _ = try await store.put(Sample.message(100, to: Self.here)) }
        }
        #expect(try await store.put(Sample.message(101, to: Self.elsewhere)).first?.isStored == true)
        #expect(store.health != .ok)
        try await untilItWorks(store, Self.here)
        for (shard, agent) in Self.agents.enumerated() {
            let ids = try await store.load(agent, maxMessages: 10).messages.map(\.message.routing.id)
            #expect(ids.first == Sample.id(UInt64(shard)))
        }
        await store.close()
    }

    @Test func limitsHoldOverAllShards() async throws {
        let servers = try await RedisClusterServers.shared.value
        let size = RoutingHeader.byteCount + 256
        let limits = QueueLimits(maxTotalBytes: 20 * size, maxSharePerSender: 1, deduplicationMaxIDs: 3)
        let store = try await open(servers, limits, prefix: "limits")
        var outcomes: [StoreOutcome] = []
        for (number, agent) in Self.agents.enumerated() {
            let mode = number < 5 ? DeliveryMode.exactlyOnce : .atLeastOnce
            outcomes += try await store.put(Sample.message(UInt64(number), to: agent, mode: mode))
        }
        #expect(outcomes.prefix(5).count { $0 == .refused(.deduplicationIDs) } == 2)
        outcomes = try await store.commit(Self.agents.map { .put(Sample.message(99, to: $0)) })
        #expect(store.totals.bytes <= limits.maxTotalBytes && outcomes.contains(.refused(.totalBytes)))
        #expect(try await store.pin(claim(Self.agents[0], 2)) == .held)
        #expect(try await store.pin(claim(Self.agents[15], 2)) == .held)
        #expect(try await store.pin(claim(Self.agents[8], 2)) == .tooManyPins)
        // Asked one after another where there is little to ask for.
        #expect(try await store.expire(now: Sample.now + 2 * Sample.hour, limit: 3).count == 3)
        let rest = try await store.expire(now: Sample.now + 2 * Sample.hour, limit: 1_000)
        #expect(!rest.isEmpty && store.totals.messages == 0)
        await store.close()
    }

    @Test func whatIsNoClusterIsRefusedAndTheReverse() async throws {
        let servers = try await RedisClusterServers.shared.value
        let lonely = try RedisServer()
        let address = RedisSettings.Address(host: "127.0.0.1", port: lonely.port)
        let refusal = await #expect(throws: RedisFailure.self) {
            try await RedisClusterStore.open(RedisSettings(addresses: [address]), limits: Self.roomy)
        }
        #expect(refusal?.description.contains("cluster support disabled") == true)
        for port in servers.ports.prefix(4) {
            let address = RedisSettings.Address(host: "127.0.0.1", port: port)
            let refusal = await #expect(throws: RedisFailure.self) {
                try await RedisStore.open(RedisSettings(addresses: [address]), limits: Self.roomy)
            }
            #expect(refusal == .refused("it is a node of a Redis Cluster"))
        }
    }

    private func claim(_ agent: UInt32, _ most: Int) -> KeyClaim {
        KeyClaim(
            agent: Sample.agent(agent),
            publicKey: [UInt8](repeating: 1, count: 32),
            org: nil,
            maxAnonymousPins: most
        )
    }

    /// Each attempt fails at once while its node is away.
    private func untilItWorks(_ store: RedisClusterStore, _ agent: UInt32) async throws {
        while (try? await store.status(of: agent)) == nil { await Task.yield() }
    }
}

extension StoreOutcome {
    fileprivate var isStored: Bool { if case .stored = self { true } else { false } }
}

extension [StoreOutcome] {
    fileprivate var areStored: Bool { allSatisfy(\.isStored) }
}
