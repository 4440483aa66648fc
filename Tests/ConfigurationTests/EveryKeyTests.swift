import Testing

@testable import moltrelay

/// A value other than the default for each key: in YAML, in the environment, and as it is shown once read.
private let samples: [String: (yaml: String, variable: String, shown: String)] = {
    let key = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    var samples: [String: (yaml: String, variable: String, shown: String)] = [
        "server.tls.certificates": ("[{cert_file: /a, key_file: /b}]", "/a=/b", "/a=/b"),
        "auth.trusted_orgs": ("[{name: a, public_key: \"\(key)\"}]", "a=\(key)", "a=\(key)"),
        "kafka.clusters": ("{eu: {bootstrap_servers: [\"k:9092\"]}}", "", "eu"),
    ]
    for (path, value) in singleValues { samples[path] = (value, value, value) }
    for (path, items) in lists {
        let yaml = "[" + items.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
        samples[path] = (yaml, items.joined(separator: ","), items.joined(separator: ", "))
    }
    return samples
}()

private let lists = [
    "server.public_names": ["relay.example.com", "relay:8443"],
    "server.proxy.trusted_networks": ["10.0.0.0/8", "2001:db8::/32"],
    "server.tls.acme_domains": ["a.example", "b.example"],
    "storage.redis.addresses": ["redis-1:6379", "redis-2:6379"],
    "cluster.peers": ["10.0.0.2:443", "[::1]:443"],
    "kafka.mirror_maker.target_clusters": ["eu", "ap"],
    "kafka.mirror_maker.topics": ["moltrelay.*"],
]

private let singleValues = [
    "server.listen.websocket": "127.0.0.1:1443", "server.listen.http": "127.0.0.1:0",
    "server.listen.metrics": "localhost:9091", "server.tls.enabled": "false", "server.tls.cert_file": "/c",
    "server.tls.key_file": "/k", "server.tls.min_version": "1.2", "server.tls.dhparam": "/d.pem",
    "server.tls.ocsp_file": "/o.der", "server.tls.client_certificates": "required", "server.tls.client_ca_file": "/ca",
    "server.tls.auto_cert": "true", "server.tls.acme_email": "a@example.com",
    "server.proxy.header": "x_forwarded_for", "server.websocket.permessage_deflate": "true",
    "server.drain.timeout_ms": "1", "server.drain.readiness_delay_ms": "0",
    "server.tls.acme_challenge": "http-01", "server.tls.acme_directory": "https://ca.example/dir",
    "server.tls.acme_ca_file": "/ca.pem",
    "server.drain.reconnect_after_ms": "7",
    "server.drain.alternate_relay": "wss://other.example/v1/connect", "server.keepalive.interval_ms": "15000",
    "server.keepalive.timeout_ms": "500", "server.keepalive.max_missed": "2", "auth.relay_id": "relay-9",
    "auth.private_key_file": "/key", "auth.require_auth": "false", "auth.allow_anonymous": "false",
    "auth.max_pinned_keys": "5", "limits.max_connections": "10", "limits.max_connections_per_ip": "3",
    "limits.max_connections_per_agent": "2", "limits.connection_rate_per_second": "9",
    "limits.connections_per_ip_per_second": "1", "limits.connections_per_agent_per_minute": "1",
    "limits.failed_auth_per_agent_per_hour": "1", "limits.messages_per_agent_per_minute": "1000",
    "limits.bytes_per_agent_per_minute": "100000000", "limits.handshake_timeout_ms": "1",
    "limits.idle_timeout_ms": "0", "limits.outbox_max_bytes": "2097152", "limits.slow_consumer_grace_ms": "1",
    "limits.max_memory_bytes": "1", "messages.max_size_bytes": "1024", "messages.compression": "false",
    "messages.compression_threshold": "0", "messages.max_in_flight": "1", "queue.enabled": "false",
    "queue.storage": "memory", "queue.max_messages_per_agent": "1", "queue.max_total_size_bytes": "2097152",
    "queue.retention_hours": "1", "queue.max_share_per_sender": "0.5", "queue.dedup_max_ids": "0",
    "storage.sqlite.path": "/db", "storage.spill.path": "/s.db", "storage.spill.max_size_bytes": "2000000",
    "storage.redis.password": "hunter2", "storage.redis.db": "1",
    "storage.redis.cluster": "true", "storage.redis.user": "relay", "storage.redis.password_file": "/r",
    "storage.redis.tls.enabled": "true", "storage.redis.tls.ca_file": "/r.pem", "storage.postgres.host": "db",
    "storage.postgres.port": "1",
    "storage.postgres.database": "d", "storage.postgres.user": "u", "storage.postgres.password_file": "/p",
    "storage.postgres.ssl_mode": "verify-full", "storage.postgres.max_connections": "2",
    "storage.postgres.migrate": "false", "storage.postgres.audit_retention_days": "7", "cluster.enabled": "true",
    "cluster.node_id": "n", "cluster.advertise_address": "10.0.0.1:443", "cluster.gossip_port": "1",
    "kafka.topics.messages.name": "m", "kafka.topics.messages.partitions": "1",
    "kafka.topics.messages.replication_factor": "1", "kafka.topics.presence.name": "p",
    "kafka.topics.presence.partitions": "1", "kafka.topics.presence.replication_factor": "1",
    "kafka.mirror_maker.enabled": "true", "kafka.mirror_maker.source_cluster": "us", "logging.level": "debug",
    "logging.format": "text", "logging.output": "stderr", "metrics.enabled": "false", "metrics.prometheus": "false",
    "metrics.statsd.enabled": "true", "metrics.statsd.address": "s:1", "metrics.statsd.flavor": "dogstatsd",
    "metrics.statsd.prefix": "eu.", "metrics.statsd.flush_interval_ms": "1000", "metrics.statsd.sample_rate": "0.5",
    "metrics.statsd.max_datagram_bytes": "512", "tracing.enabled": "true",
    "tracing.recorder_bytes": "1048576",
    "tracing.jaeger.endpoint": "https://j/api", "tracing.jaeger.sample_rate": "1.0",
    "tracing.jaeger.enabled": "false", "tracing.otlp.endpoint": "http://o:4318", "tracing.otlp.encoding": "json",
    "tracing.slow_ms": "1", "tracing.traces_per_second": "0", "tracing.tail_traces_per_second": "0",
    "health.endpoint": "/h",
    "health.detailed_endpoint": "/d", "health.token_file": "/t", "admin.socket": "/s", "admin.socket_group": "wheel",
    "admin.http": "true", "admin.token_file": "/a",
]

@Suite struct EveryKeyTests {
    @Test func thereIsASampleForEachKey() {
        #expect(Set(samples.keys) == Set(Schema.settings.map(\.path)))
    }

    @Test(arguments: Schema.settings.map(\.path))
    func aKeyIsReachedByTheFile(path: String) throws {
        let sample = try #require(samples[path])
        let setting = try #require(Schema.byPath[path])
        let report = try load(yaml(path, sample.yaml))
        #expect(setting.show(report.configuration) == sample.shown, "\(report.text)")
        #expect(setting.show(Configuration()) != sample.shown)
    }

    @Test(arguments: Schema.settings.filter { !$0.isFileOnly }.map(\.path))
    func aKeyIsReachedByTheEnvironment(path: String) throws {
        let sample = try #require(samples[path])
        let setting = try #require(Schema.byPath[path])
        for name in setting.environmentNames {
            let report = loadWithoutFile(environment: [name: sample.variable])
            #expect(setting.show(report.configuration) == sample.shown, "\(report.text)")
        }
    }

    /// What its own type prints, a key takes again.
    @Test(arguments: Schema.settings.map(\.path))
    func aKeyTakesNoMappingOfNonsenseAndNoEmptyValue(path: String) throws {
        let nonsense = try load(yaml(path, "{nonsense: {}}"))
        #expect(!nonsense.isAcceptable)
        let leaf = path.split(separator: ".").count
        let empty = try load(yaml(path, ""))
        #expect(
            empty.lines.contains { $0.contains(":\(leaf):") && $0.contains("\(path) has no value") },
            "\(empty.text)"
        )
    }
}

/// `a.b.c` as nested mappings, one key a line.
private func yaml(_ path: String, _ value: String) -> String {
    let names = path.split(separator: ".")
    let lines = names.enumerated().map { depth, name in String(repeating: "  ", count: depth) + "\(name):" }
    return lines.joined(separator: "\n") + " \(value)\n"
}
