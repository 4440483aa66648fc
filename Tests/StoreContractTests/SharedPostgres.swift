import Glibc
import Postgres
import PostgresFixture
import Synchronization

/// One server for the whole suite, a schema of it for each folder.
enum SharedPostgres {
    private static let server: Result<PostgresServer, any Error> = Result {
        let server = try PostgresServer(settings: ["max_connections = 400"])
        atexit { end() }
        return server
    }

    private static func end() { try? server.get().abandon() }

    private static let numbers = Mutex<[String: Int]>([:])

    static func settings(for folder: String) throws -> PostgresSettings {
        var settings = PostgresSettings(hosts: ["127.0.0.1"], database: "postgres", user: PostgresServer.user)
        settings.port = try server.get().port
        settings.security = .disable
        let number = numbers.withLock { numbers in
            let number = numbers[folder] ?? numbers.count
            numbers[folder] = number
            return number
        }
        settings.schema = "moltrelay_\(number)"
        return settings
    }
}
