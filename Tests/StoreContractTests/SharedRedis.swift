import Glibc
import Redis
import RedisFixture
import Synchronization

/// One server for the whole suite, a database of it for each folder.
enum SharedRedis {
    private static let databases = 2_000

    private static let server: Result<RedisServer, any Error> = Result {
        let server = try RedisServer(["--databases", "\(databases)"])
        atexit { end() }
        return server
    }

    private static func end() { try? server.get().abandon() }

    private static let numbers = Mutex<[String: Int]>([:])

    static func settings(for folder: String) throws -> RedisSettings {
        var settings = RedisSettings(addresses: [.init(host: "127.0.0.1", port: try server.get().port)])
        settings.database = numbers.withLock { numbers in
            let number = numbers[folder] ?? numbers.count
            numbers[folder] = number
            return number
        }
        return settings
    }
}
