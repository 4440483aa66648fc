import Identity

/// Everything `serve` is told, typed and checked. The initial values are the defaults; which key of the file sets
/// which property is declared in `Schema`, the sentence on each of them too.
struct Configuration: Sendable, Equatable {
    var server = Server()
    var auth = Auth()
    var limits = Limits()
    var messages = Messages()
    var queue = Queue()
    var storage = Storage()
    var cluster = Cluster()
    var kafka = Kafka()
    var logging = Logging()
    var metrics = Metrics()
    var tracing = Tracing()
    var health = Health()
    var admin = Admin()

    /// Where the relay keeps what outlives it. Not a key: `--state-directory` or the surroundings set it; nil where
    /// no folder offers itself and none is needed.
    var stateFolder: String?
}

extension Configuration {
    struct Server: Sendable, Equatable {
        var listen = Listen()
        var publicNames: [String] = []
        var tls = TLS()
        var proxy = Proxy()
        var drain = Drain()
        var keepalive = Keepalive()
        var websocket = WebSocket()
    }

    struct Auth: Sendable, Equatable {
        /// The host's name where the configuration names none.
        var relayID = ""
        var privateKeyFile: String?
        var requireAuth = true
        var allowAnonymous = true
        var trustedOrgs: [TrustedOrg] = []
        var maxPinnedKeys = 1_000_000
    }

    /// 0 switches a limit off where its range has a 0.
    struct Limits: Sendable, Equatable {
        var maxConnections = 100_000
        var maxConnectionsPerIP = 100
        var maxConnectionsPerAgent = 5
        var connectionRatePerSecond = 1000
        var connectionsPerIPPerSecond = 10
        var connectionsPerAgentPerMinute = 10
        var failedAuthPerAgentPerHour = 10
        var messagesPerAgentPerMinute = 0
        var bytesPerAgentPerMinute = 0
        var handshakeTimeoutMilliseconds = 5000
        var idleTimeoutMilliseconds = 300_000
        var outboxMaxBytes = 8 << 20
        var slowConsumerGraceMilliseconds = 10_000
        var maxMemoryBytes = 0
    }

    struct Messages: Sendable, Equatable {
        var maxSizeBytes = 1 << 20
        var compression = true
        var compressionThreshold = 256
        var maxInFlight = 1000
    }

    struct Queue: Sendable, Equatable {
        enum Storage: String, Sendable, CaseIterable { case sqlite, memory, redis, postgres }

        var enabled = true
        var storage = Storage.sqlite
        var maxMessagesPerAgent = 10_000
        var maxTotalSizeBytes = 10 << 30
        var retentionHours = 168
        /// 0...1 of `maxMessagesPerAgent`.
        var maxSharePerSender = 0.1
        var deduplicationMaxIDs = 1_000_000
    }

    struct Health: Sendable, Equatable {
        var endpoint = "/health"
        var detailedEndpoint = "/health/detailed"
        var tokenFile: String?
    }

    struct Admin: Sendable, Equatable {
        /// Path of the Unix socket; the loader fills in the default, which depends on the machine.
        var socket = ""
        var socketGroup: String?
        var http = false
        var tokenFile: String?
    }
}
