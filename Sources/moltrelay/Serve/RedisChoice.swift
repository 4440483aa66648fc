import Identity
import Logging
import Redis
import RelayCore
import RelayStores
import RelayTLS

extension Configuration.Storage.Redis {
    typealias Opened = (store: any MessageStore, statistics: @Sendable () -> RedisStatistics)

    /// Returns also where the server is away.
    func open(_ limits: QueueLimits, name: String, _ logger: Logger) async throws -> Opened {
        do {
            let settings = try settings()
            guard cluster else {
                let store = try await RedisStore.open(settings, limits: limits, name: name) { $0.tell(logger) }
                return (store, { store.statistics })
            }
            let store = try await RedisClusterStore.open(settings, limits: limits, name: name) { policy in
                policy.tell(logger, ["shards": "\(RedisClusterStore.shardCount)"])
            }
            return (store, { store.statistics })
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
        // A node of a cluster is named before its reason.
        let code = failure.description.split(separator: " ").first { !$0.hasSuffix(":") } ?? ""
        return switch code {
        case "WRONGPASS", "NOAUTH":
            "check storage.redis.user and storage.redis.\(passwordFile == nil ? "password" : "password_file")"
        case "NOPERM":
            "give that user `~moltrelay:* +@read +@write +@scripting +@connection +time +config|get"
                + (cluster ? " +cluster|slots` on every node" : "`")
        case "ERR": adviceOnCommand(failure.description)
        case "it": failure.description.contains("Cluster") ? "say `storage.redis.cluster: true`" : "name its servers"
        default:
            cluster
                ? "use another cluster, or the newer relay"
                : "use another database (storage.redis.db), or the newer relay"
        }
    }

    /// Of AUTH, of SELECT, or of CLUSTER.
    private func adviceOnCommand(_ text: String) -> String {
        if text.contains("cluster support disabled") {
            "say `storage.redis.cluster: false`, or name nodes of a cluster in storage.redis.addresses"
        } else if text.contains("AUTH") {
            "remove storage.redis.password"
        } else {
            "check storage.redis.db"
        }
    }
}

extension RedisPolicy {
    fileprivate func tell(_ logger: Logger, _ more: Logger.Metadata = [:]) {
        let own: Logger.Metadata = [
            "appendonly": "\(appendOnly ?? "unknown")", "appendfsync": "\(appendFsync ?? "unknown")",
            "survives": "\(survives)",
        ]
        let fields = own.merging(more) { $1 }
        logger.log(level: appendOnly == "no" ? .warning : .info, "queue in Redis", metadata: fields)
        if let complaint { logger.warning("Redis may lose messages", metadata: ["reason": "\(complaint)"]) }
    }
}
