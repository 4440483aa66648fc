extension Configuration {
    struct Storage: Sendable, Equatable {
        struct SQLite: Sendable, Equatable {
            /// The loader fills in the default, `relay.db` in the state folder.
            var path = ""
        }

        struct Redis: Sendable, Equatable {
            struct TLS: Sendable, Equatable {
                var enabled = false
                var caFile: String?
            }

            var addresses = [HostPort(host: "localhost", port: 6379)]
            /// Empty for the server's default user.
            var user = ""
            var password = ""
            var passwordFile: String?
            var database = 0
            var cluster = false
            var tls = TLS()
        }

        struct Postgres: Sendable, Equatable {
            enum SSLMode: String, Sendable, CaseIterable {
                case disable, allow, prefer, require
                case verifyCA = "verify-ca"
                case verifyFull = "verify-full"
            }

            var hosts = ["localhost"]
            var port = 5432
            var database = "moltrelay"
            var user = "moltrelay"
            var passwordFile: String?
            var sslMode = SSLMode.require
            var maxConnections = 50
            var migrates = true
            /// 0 for no table of events.
            var auditRetentionDays = 90
        }

        /// What takes messages while the store of another machine cannot.
        struct Spill: Sendable, Equatable {
            var path: String?
            var maxSizeBytes = 1 << 30
        }

        var sqlite = SQLite()
        var redis = Redis()
        var postgres = Postgres()
        var spill = Spill()
    }

    struct Cluster: Sendable, Equatable {
        var enabled = false
        var nodeID: String?
        var advertiseAddress: HostPort?
        var peers: [HostPort] = []
        var gossipPort = 7946
    }

    struct Kafka: Sendable, Equatable {
        struct Topic: Sendable, Equatable {
            var name: String
            var partitions: Int
            var replicationFactor = 3
        }

        struct MirrorMaker: Sendable, Equatable {
            var enabled = false
            var sourceCluster: String?
            var targetClusters: [String] = []
            var topics: [String] = []
        }

        var clusters: [KafkaCluster] = []
        var messages = Topic(name: "moltrelay.messages", partitions: 100)
        var presence = Topic(name: "moltrelay.presence", partitions: 50)
        var mirrorMaker = MirrorMaker()
    }
}

struct KafkaCluster: Sendable, Equatable {
    var name: String
    var bootstrapServers: [HostPort]
}
