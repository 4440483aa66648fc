public import NIOCore
import Synchronization

/// The nodes of a Redis Cluster: clients for one slot each, over one connection a node, and one more that tells which
/// node has which slot.
public final class RedisCluster: Sendable {
    public struct Statistics: Sendable, Equatable {
        /// Commands sent on because their slot had moved, or was about to.
        public var moved = 0
        public var asked = 0
        /// How often the table of slots was told.
        public var tables = 0
    }

    private let loop: any EventLoop
    private let map: NIOLoopBound<ClusterMap>
    private let inFlight: BytesInFlight
    private let counts: Counts

    private final class Counts: Sendable {
        let statistics = Mutex(Statistics())

        func count(_ redirection: Redirection?) {
            statistics.withLock { statistics in
                switch redirection {
                case .moved: statistics.moved += 1
                case .ask: statistics.asked += 1
                case .unsettled: break
                case nil: statistics.tables += 1
                }
            }
        }
    }

    /// - Parameters:
    ///   - settings: some nodes of the cluster; the others are learned from them.
    ///   - loop: not one that carries messages.
    public static func start(
        _ settings: RedisSettings,
        on loop: any EventLoop
    ) async throws -> (cluster: RedisCluster, first: Result<Void, RedisFailure>) {
        let cluster = try await loop.submit { RedisCluster(settings, onItsOwn: loop) }.get()
        let first = await withCheckedContinuation { continuation in
            loop.execute { cluster.map.value.start { continuation.resume(returning: $0) } }
        }
        return (cluster, first)
    }

    private init(_ settings: RedisSettings, onItsOwn loop: any EventLoop) {
        let counts = Counts()
        (self.loop, self.counts) = (loop, counts)
        map = NIOLoopBound(ClusterMap(settings, on: loop, counted: counts.count), eventLoop: loop)
        inFlight = BytesInFlight(most: settings.maxBytesInFlight)
    }

    /// - Parameter slot: of all keys that its commands name. Its session's heartbeat is not asked; the nodes' own is.
    public func client(
        for slot: Int,
        _ session: RedisClient.Session
    ) async throws -> (client: RedisClient, first: Result<Void, RedisFailure>) {
        let client = try await loop.submit {
            RedisClient(self.map.value.link(to: slot, session), self.inFlight, on: self.loop)
        }.get()
        return (client, await client.start())
    }

    public var statistics: Statistics { counts.statistics.withLock { $0 } }

    /// Once its clients are closed.
    public func close(_ completion: @escaping @Sendable () -> Void) {
        loop.execute { self.map.value.close(completion) }
    }
}
