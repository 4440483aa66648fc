extension Schema {
    static let auth = [
        Setting(
            "auth.relay_id",
            \.auth.relayID,
            .identifier,
            "The name this relay goes by in handshakes, metrics and logs.",
            default: "the host's name"
        ),
        Setting(
            "auth.private_key_file",
            \.auth.privateKeyFile,
            .path,
            "The relay's Ed25519 private key in PEM (`moltrelay keygen` makes one), with which it proves its identity "
                + "to agents. Without it the relay proves none."
        ),
        Setting(
            "auth.require_auth",
            \.auth.requireAuth,
            .boolean,
            "Ask every agent for a valid signature. `false` is for development and said loudly at start."
        ),
        Setting(
            "auth.allow_anonymous",
            \.auth.allowAnonymous,
            .boolean,
            "Let in agents without an organisation's attestation, each under the key that first claimed its id. "
                + "`false` admits only agents attested by one of `trusted_orgs`."
        ),
        Setting(
            "auth.trusted_orgs",
            \.auth.trustedOrgs,
            .trustedOrgs,
            "Organisations whose attestations count. In the environment: `name=ed25519:…,other=ed25519:…`."
        ),
        Setting(
            "auth.max_pinned_keys",
            \.auth.maxPinnedKeys,
            .whole(0...100_000_000),
            "How many agent ids may be held by the key that first claimed them; an attestation needs no room here."
        ),
    ]

    static let limits = connectionLimits + rates + resources

    private static let connectionLimits = [
        Setting(
            "limits.max_connections",
            \.limits.maxConnections,
            .whole(1...10_000_000),
            "Connections at once; past it HTTP 503. The limit on open files must have room for them; a warning at start says when it has "
                + "not."
        ),
        Setting(
            "limits.max_connections_per_ip",
            \.limits.maxConnectionsPerIP,
            .whole(0...10_000_000),
            "Connections at once from one address, or one /64 of IPv6; past it HTTP 503; 0 = no limit. Behind a proxy all "
                + "agents come from its address, unless it says theirs (`server.proxy`)."
        ),
        Setting(
            "limits.max_connections_per_agent",
            \.limits.maxConnectionsPerAgent,
            .whole(1...1000),
            "Connections at once of one agent."
        ),
        Setting(
            "limits.connection_rate_per_second",
            \.limits.connectionRatePerSecond,
            .whole(0...1_000_000),
            "New connections a second, all addresses together; past it HTTP 503; 0 = no limit."
        ),
    ]

    private static let rates = [
        Setting(
            "limits.connections_per_ip_per_second",
            \.limits.connectionsPerIPPerSecond,
            .whole(0...1_000_000),
            "New connections a second from one address, or one /64 of IPv6; past it HTTP 503; 0 = no limit."
        ),
        Setting(
            "limits.connections_per_agent_per_minute",
            \.limits.connectionsPerAgentPerMinute,
            .whole(0...1_000_000),
            "New connections a minute of one agent; past it AUTH_FAIL AUTH_RATE_LIMITED; 0 = no limit."
        ),
        Setting(
            "limits.failed_auth_per_agent_per_hour",
            \.limits.failedAuthPerAgentPerHour,
            .whole(0...1_000_000),
            "Failed authentications an hour for one agent id; 0 = no limit."
        ),
        Setting(
            "limits.messages_per_agent_per_minute",
            \.limits.messagesPerAgentPerMinute,
            .whole(0...(.max)),
            "Messages a minute from one agent over all its connections, as many at once; past it NACK RATE_LIMITED; "
                + "0 = no limit."
        ),
        Setting(
            "limits.bytes_per_agent_per_minute",
            \.limits.bytesPerAgentPerMinute,
            .whole(0...(.max), .bytes),
            "Bytes of MESSAGE frames a minute from one agent over all its connections, as many at once; past it NACK "
                + "RATE_LIMITED; 0 = no limit."
        ),
    ]

    private static let resources = [
        Setting(
            "limits.handshake_timeout_ms",
            \.limits.handshakeTimeoutMilliseconds,
            .whole(0...600_000, .milliseconds),
            "From the upgrade to AUTH_OK; 0 = no limit."
        ),
        Setting(
            "limits.idle_timeout_ms",
            \.limits.idleTimeoutMilliseconds,
            .whole(0...86_400_000, .milliseconds),
            "A connection with no frame at all, PONG included, is closed after this; 0 = never."
        ),
        Setting(
            "limits.outbox_max_bytes",
            \.limits.outboxMaxBytes,
            .whole(65_536...(1 << 30), .bytes),
            "Bytes that may wait to be written to one connection."
        ),
        Setting(
            "limits.slow_consumer_grace_ms",
            \.limits.slowConsumerGraceMilliseconds,
            .whole(0...600_000, .milliseconds),
            "How long a connection may stay over its outbox limit before it is closed as a slow consumer."
        ),
        Setting(
            "limits.max_memory_bytes",
            \.limits.maxMemoryBytes,
            .whole(0...(.max), .bytes),
            "Resident memory that the relay stays below: at 85 % of it new connections get HTTP 503, at 95 % new best-effort "
                + "messages are dropped and others get NACK QUEUE_FULL, until it is below 80 and 90 %. 0 = nine tenths of "
                + "the control group's limit, where there is one."
        ),
    ]
}
