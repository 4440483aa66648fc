// The queue in Redis, where it is there.
extension Rule {
    static let redis = [
        error("storage.redis.password_file", "storage.redis.password", "queue.storage") { draft, _ in
            guard let redis = draft.redis, redis.passwordFile != nil, !redis.password.isEmpty else { return nil }
            return "storage.redis.password and storage.redis.password_file are both set: remove one of them"
        },
        error("storage.redis.user", "storage.redis.password", "storage.redis.password_file", "queue.storage") {
            draft,
            _ in
            guard let redis = draft.redis, !redis.user.isEmpty, !redis.hasPassword else { return nil }
            return
                "storage.redis.user needs storage.redis.password_file or storage.redis.password: a user is only asked "
                + "for with its password"
        },
        error("storage.redis.addresses", "queue.storage") { draft, _ in
            guard let redis = draft.redis, redis.addresses.isEmpty else { return nil }
            return "storage.redis.addresses is empty: name a server, such as redis.internal:6379"
        },
        error("storage.redis.db", "storage.redis.cluster", "queue.storage") { draft, _ in
            guard let redis = draft.redis, redis.cluster, redis.database != 0 else { return nil }
            return "storage.redis.db is \(redis.database), and a Redis Cluster has database 0 alone: remove it, or say "
                + "`storage.redis.cluster: false`"
        },
        error("storage.redis.tls.ca_file", "storage.redis.tls.enabled", "queue.storage") { draft, _ in
            guard let tls = draft.redis?.tls, tls.caFile != nil, !tls.enabled else { return nil }
            return "storage.redis.tls.ca_file does nothing with storage.redis.tls.enabled: false: say `true`"
        },
        warning("storage.redis.password", "storage.redis.password_file", "storage.redis.addresses") { draft, _ in
            guard let redis = draft.redis, redis.hasPassword, !redis.tls.enabled,
                let other = redis.addresses.first(where: { !$0.isLoopback })
            else { return nil }
            return "the password and every message go to \(other.description) without TLS: say "
                + "`storage.redis.tls.enabled: true` unless nobody else is on that network"
        },
        missing("storage.redis.password_file") { $0.passwordFile },
        missing("storage.redis.tls.ca_file") { $0.tls.caFile },
    ]

    private static func missing(
        _ key: String,
        _ path: @escaping @Sendable (Configuration.Storage.Redis) -> String?
    ) -> Rule {
        warning(key) { draft, surroundings in
            guard let path = draft.redis.flatMap(path), !surroundings.fileExists(path) else { return nil }
            return "\(key): \(quote(path)) does not exist on this machine"
        }
    }
}

extension Configuration.Storage.Redis {
    fileprivate var hasPassword: Bool { passwordFile != nil || !password.isEmpty }
}

extension ConfigurationDraft {
    /// nil where the queue is elsewhere.
    fileprivate var redis: Configuration.Storage.Redis? {
        configuration.queue.storage == .redis ? configuration.storage.redis : nil
    }
}
