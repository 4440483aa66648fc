import Redis
import RedisFixture
import Synchronization

/// The cluster that all share, a prefix of keys for each folder.
enum SharedRedisCluster {
    private static let numbers = Mutex<[String: Int]>([:])

    static func settings() async throws -> RedisSettings {
        RedisSettings(
            addresses: try await RedisClusterServers.shared.value.ports.map { .init(host: "127.0.0.1", port: $0) }
        )
    }

    static func prefix(for folder: String) -> String {
        let number = numbers.withLock { numbers in
            let number = numbers[folder] ?? numbers.count
            numbers[folder] = number
            return number
        }
        return "queue\(number)"
    }
}
