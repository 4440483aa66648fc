import Redis
import RedisFixture
import RelayCore
import RelayStores
import StoreFixtures
import Testing
import WireProtocol

/// The back ends the contract is held against. Its suites are serialized, like others that start programs or open
/// stores: with more than 1,024 descriptors in a process Foundation no longer sees that a program ended.
enum Backend: String, CaseIterable, CustomTestStringConvertible {
    case memory, sqlite, redis, redisCluster, postgres, spilling

    var testDescription: String { rawValue }

    static let durable: [Backend] = [.sqlite, .redis, .redisCluster, .postgres, .spilling]

    func open(in folder: TemporaryFolder, limits: QueueLimits = roomy) async throws -> any MessageStore {
        switch self {
        case .memory: MemoryStore(limits: limits)
        case .sqlite: try SQLiteStore(path: folder.file("relay.db"), limits: limits)
        case .redis: try await RedisStore.open(SharedRedis.settings(for: folder.path), limits: limits)
        case .redisCluster:
            try await RedisClusterStore.open(
                SharedRedisCluster.settings(),
                limits: limits,
                prefix: SharedRedisCluster.prefix(for: folder.path)
            )
        case .postgres: try await PostgresStore.open(SharedPostgres.settings(for: folder.path), limits: limits)
        // The primary never fails here: what passes by the spill keeps the contract.
        case .spilling:
            try await SpillingStore.open(
                try SQLiteStore(path: folder.file("relay.db"), limits: limits),
                spill: try SQLiteStore(path: folder.file("spill.db"), limits: limits, keepsOwed: true),
                maxTotalBytes: limits.maxTotalBytes
            )
        }
    }

    static let roomy = QueueLimits(maxMessagesPerAgent: 10_000, maxSharePerSender: 1)

    /// Runs `body` on a new store, then closes it.
    func with(_ limits: QueueLimits = roomy, _ body: (any MessageStore) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        let store = try await open(in: folder, limits: limits)
        do {
            try await body(store)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
        withExtendedLifetime(folder) {}
    }
}

extension QueuePage {
    var ids: [MessageID] { messages.map(\.message.routing.id) }
}

func ids(_ numbers: UInt64...) -> [MessageID] { numbers.map { Sample.id($0) } }
