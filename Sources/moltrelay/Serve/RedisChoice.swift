import Identity
import Logging
import Redis
import RelayCore
import RelayStores
import RelayTLS

extension Configuration.Storage.Redis {
    /// Returns also where the server is away.
    func open(_ limits: QueueLimits, name: String, _ logger: Logger) async throws -> RedisStore {
        do {
            return try await RedisStore.open(try settings(), limits: limits, name: name) { $0.tell(logger) }
        } catch let failure as RedisFailure {
            let servers = addresses.map(\.description).joined(separator: ", ")
            let reason = failure.description.hasSuffix(".") ? "\(failure)".dropLast() : "\(failure)"[...]
            throw StartError(text: "the Redis server (\(servers)) refuses: \(reason): \(advice(on: failure))")
        }
    }

    private func settings() throws -> RedisSettings {
        var settings = RedisSettings(addresses: addresses.map { .init(host: $0.host, port: $0.port) })
        settings.username = user
        settings.password = try passwordFile.map { try KeyFile.readPassword($0) } ?? password
        settings.database = database
        settings.tls = try client()
        return settings
    }

    private func client() throws -> TLSClient? {
        guard tls.enabled else { return nil }
        do { return try TLSClient(authorities: tls.caFile) } catch {
            throw StartError(text: "storage.redis.tls.ca_file: \(error)")
        }
    }

    private func advice(on failure: RedisFailure) -> String {
        let text = failure.description
        return switch text.prefix(while: { $0 != " " }) {
        case "WRONGPASS", "NOAUTH":
            "check storage.redis.user and storage.redis.\(passwordFile == nil ? "password" : "password_file")"
        case "NOPERM":
            "give that user `~moltrelay:* +@read +@write +@scripting +@connection +time +config|get`"
        // Of AUTH or of SELECT.
        case "ERR": text.contains("AUTH") ? "remove storage.redis.password" : "check storage.redis.db"
        default: "use another database (storage.redis.db), or the newer relay"
        }
    }
}

extension RedisPolicy {
    fileprivate func tell(_ logger: Logger) {
        let fields: Logger.Metadata = [
            "appendonly": "\(appendOnly ?? "unknown")", "appendfsync": "\(appendFsync ?? "unknown")",
            "survives": "\(survives)",
        ]
        logger.log(level: appendOnly == "no" ? .warning : .info, "queue in Redis", metadata: fields)
        if let complaint { logger.warning("Redis may lose messages", metadata: ["reason": "\(complaint)"]) }
    }
}
