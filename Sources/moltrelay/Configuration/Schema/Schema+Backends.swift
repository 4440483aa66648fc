extension Schema {
    static let storage = embedded + redis + postgres + spill

    private static let embedded = [
        Setting(
            "storage.sqlite.path",
            \.storage.sqlite.path,
            .path,
            "The database file of `queue.storage: sqlite`.",
            default: "`relay.db` in the state folder"
        )
    ]

    private static let redis = [
        Setting(
            "storage.redis.addresses",
            \.storage.redis.addresses,
            .list(of: .remoteAddress, name: "hosts with a port"),
            "Redis servers, of which the first that answers is used, or some nodes of a cluster. In use with `queue.storage: redis` only, like the rest of "
                + "this section; [redis.md](redis.md) says what an acknowledgement then means.",
            alias: "MOLTRELAY_REDIS_ADDRESS"
        ),
        Setting(
            "storage.redis.password",
            \.storage.redis.password,
            .text,
            "Password of the Redis servers. Better in the environment than in a file that others read.",
            default: "none",
            isSecret: true
        ),
        Setting(
            "storage.redis.password_file",
            \.storage.redis.passwordFile,
            .path,
            "A file that holds the password instead, which nobody else can read."
        ),
        Setting(
            "storage.redis.user",
            \.storage.redis.user,
            .text,
            "The ACL user that the password is of.",
            default: "the server's default user"
        ),
        Setting(
            "storage.redis.db",
            \.storage.redis.database,
            .whole(0...65_535),
            "Number of the Redis database. A cluster has 0 alone."
        ),
        Setting(
            "storage.redis.cluster",
            \.storage.redis.cluster,
            .boolean,
            "The servers are nodes of a Redis Cluster, which tell the others."
        ),
        Setting("storage.redis.tls.enabled", \.storage.redis.tls.enabled, .boolean, "Talk to Redis by TLS."),
        Setting(
            "storage.redis.tls.ca_file",
            \.storage.redis.tls.caFile,
            .path,
            "Authorities that the server's certificate may come from, in PEM. It must name the host that is dialled.",
            default: "the system's"
        ),
    ]

    private static let postgres = [
        Setting(
            "storage.postgres.host",
            \.storage.postgres.hosts,
            .databaseHosts,
            "The PostgreSQL server, or several: the first that takes writes is used. In use with `queue.storage: postgres` "
                + "only, like the rest of this section; [postgres.md](postgres.md) says what an acknowledgement then means."
        ),
        Setting("storage.postgres.port", \.storage.postgres.port, .whole(1...65_535), "Its port, or that of each."),
        Setting("storage.postgres.database", \.storage.postgres.database, .text, "The database."),
        Setting(
            "storage.postgres.user",
            \.storage.postgres.user,
            .text,
            "The role. [postgres.md](postgres.md#roles) says what it has to be allowed."
        ),
        Setting(
            "storage.postgres.password_file",
            \.storage.postgres.passwordFile,
            .path,
            "A file that holds the role's password, which nobody else can read. Read again for every connection."
        ),
        Setting(
            "storage.postgres.ssl_mode",
            \.storage.postgres.sslMode,
            .choice,
            "As libpq's `sslmode`. `require` encrypts and trusts any server; `verify-full` also asks for a certificate of "
                + "that name. PGSSLROOTCERT names the authorities, else `~/.postgresql/root.crt` does."
        ),
        Setting(
            "storage.postgres.max_connections",
            \.storage.postgres.maxConnections,
            .whole(2...10_000),
            "Connections to the server at once, at most, beside the one for the audit log: one writes, and no more than "
                + "four read."
        ),
        Setting(
            "storage.postgres.migrate",
            \.storage.postgres.migrates,
            .boolean,
            "Make the tables, and those of an older relay current, by itself. With `false` `moltrelay migrate` does it."
        ),
        Setting(
            "storage.postgres.audit_retention_days",
            \.storage.postgres.auditRetentionDays,
            .whole(0...36_500),
            "Days for which [security events](logging.md#security-events) are kept in the table `audit_log` beside the "
                + "queue ([postgres.md](postgres.md#audit-log)); 0 writes none there."
        ),
    ]

    private static let spill = [
        Setting(
            "storage.spill.path",
            \.storage.spill.path,
            .path,
            "A database file on this machine that takes what the store of another machine cannot, until it can: "
                + "[spill.md](spill.md). In use with `queue.storage: redis` and `postgres`."
        ),
        Setting(
            "storage.spill.max_size_bytes",
            \.storage.spill.maxSizeBytes,
            .whole(1_048_576...(.max), .bytes),
            "Bytes of messages that may wait in it; past it NACK QUEUE_FULL."
        ),
    ]

    static let cluster = [
        Setting(
            "cluster.enabled",
            \.cluster.enabled,
            .boolean,
            "This relay is one of several on one store.",
            needs: .when(.cluster) { $0.cluster.enabled }
        ),
        Setting("cluster.node_id", \.cluster.nodeID, .identifier, "This relay's name among its peers."),
        Setting(
            "cluster.advertise_address",
            \.cluster.advertiseAddress,
            .remoteAddress,
            "Where peers reach this relay."
        ),
        Setting(
            "cluster.peers",
            \.cluster.peers,
            .list(of: .remoteAddress, name: "hosts with a port"),
            "Relays to join."
        ),
        Setting("cluster.gossip_port", \.cluster.gossipPort, .whole(1...65_535), "Port of the membership protocol."),
    ]

    static let kafka =
        topics + [
            Setting(
                "kafka.mirror_maker.enabled",
                \.kafka.mirrorMaker.enabled,
                .boolean,
                "MirrorMaker 2 replicates the topics between clusters.",
                needs: .when(.kafka) { $0.kafka.mirrorMaker.enabled }
            ),
            Setting(
                "kafka.mirror_maker.source_cluster",
                \.kafka.mirrorMaker.sourceCluster,
                .identifier,
                "The cluster that is copied."
            ),
            Setting(
                "kafka.mirror_maker.target_clusters",
                \.kafka.mirrorMaker.targetClusters,
                .list(of: .identifier, name: "cluster names"),
                "The clusters that are copied to."
            ),
            Setting(
                "kafka.mirror_maker.topics",
                \.kafka.mirrorMaker.topics,
                .list(of: .identifier, name: "topic patterns"),
                "The topics that are copied."
            ),
        ]

    private static let topics = [
        Setting(
            "kafka.clusters",
            \.kafka.clusters,
            .kafkaClusters,
            "The Kafka cluster of each region.",
            needs: .always(.kafka),
            isFileOnly: true
        ),
        Setting("kafka.topics.messages.name", \.kafka.messages.name, .identifier, "Topic of the messages."),
        Setting(
            "kafka.topics.messages.partitions",
            \.kafka.messages.partitions,
            .whole(1...100_000),
            "Its partitions."
        ),
        Setting(
            "kafka.topics.messages.replication_factor",
            \.kafka.messages.replicationFactor,
            .whole(1...100),
            "Its replicas."
        ),
        Setting("kafka.topics.presence.name", \.kafka.presence.name, .identifier, "Topic of who is connected where."),
        Setting(
            "kafka.topics.presence.partitions",
            \.kafka.presence.partitions,
            .whole(1...100_000),
            "Its partitions."
        ),
        Setting(
            "kafka.topics.presence.replication_factor",
            \.kafka.presence.replicationFactor,
            .whole(1...100),
            "Its replicas."
        ),
    ]
}
