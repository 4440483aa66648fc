import Testing

@testable import moltrelay

@Suite struct FeatureTests {
    @Test(arguments: [
        ("cluster: {enabled: true}", Feature.cluster, "1:20: cluster.enabled"),
        ("kafka: {clusters: {eu: {bootstrap_servers: [\"k:9092\"]}}}", .kafka, "1:19: kafka.clusters"),
        ("kafka: {mirror_maker: {enabled: true}}", .kafka, "1:33: kafka.mirror_maker.enabled"),
    ])
    func whatIsNotBuiltIsRefusedByKeyAndLine(yaml: String, feature: Feature, place: String) throws {
        let report = try load(yaml + "\n")
        #expect(!report.isAcceptable)
        #expect(report.lines.contains { $0.hasPrefix("config.yaml:\(place) asks for \(feature.title)") })
        #expect(report.findings.allSatisfy { $0.severity == .unavailable && $0.feature == feature })
        #expect(report.text.contains(feature.advice))
    }

    @Test(arguments: [
        "server: {tls: {enabled: false, cert_file: /c, key_file: /k, auto_cert: true, acme_domains: [a.example]}}",
        "server: {tls: {acme_email: a@b.example}}",
        "storage: {redis: {addresses: [\"r:1\"], cluster: true}, postgres: {host: db}}",
        "queue: {storage: postgres}\nstorage: {postgres: {host: \"a, /run/b, ::1, [::2]\", max_connections: 2}}",
        "cluster: {enabled: false, peers: [\"a:1\"], node_id: n}",
        "kafka: {topics: {messages: {name: m}}, mirror_maker: {enabled: false}}",
        "messages: {compression: false, compression_threshold: 1}",
        "limits: {max_memory_bytes: 1}",
        "messages: {compression: true}",
        "metrics: {statsd: {enabled: true, address: \"s:1\", flavor: dogstatsd, prefix: \"\"}}",
        "tracing: {enabled: true}",
        "tracing: {enabled: false, jaeger: {sample_rate: 1, endpoint: \"https://j/api\"}}",
    ])
    func whatIsNotInUseIsAccepted(yaml: String) throws {
        #expect(try load(yaml + "\n").text == "config.yaml: fine\n")
    }

    @Test func theEnvironmentAsksForFeaturesToo() {
        let report = loadWithoutFile(environment: ["MOLTRELAY_CLUSTER_ENABLED": "true"])
        #expect(report.lines[0].hasPrefix("environment variable MOLTRELAY_CLUSTER_ENABLED: cluster.enabled asks for"))
    }

    /// The manifest of the guide that mounts its certificates and names none.
    @Test(arguments: ["relay", "tls"])
    func certificatesWhereTheyAreLookedForAreUsed(name: String) throws {
        var machine = bareMachine
        machine.fileExists = { ["/etc/moltrelay/certs/\(name).crt", "/etc/moltrelay/certs/\(name).key"].contains($0) }
        let yaml = "server: {listen: {websocket: \"0.0.0.0:443\"}}\n"
        let report = try load(yaml, on: machine)
        #expect(report.text == "config.yaml: fine\n")
        #expect(report.configuration.server.tls.pair?.certificate == "/etc/moltrelay/certs/\(name).crt")
        #expect(report.configuration.server.tls.pair?.key == "/etc/moltrelay/certs/\(name).key")
        let without = try load(yaml, environment: ["MOLTRELAY_SERVER_TLS_ENABLED": "false"], on: machine)
        #expect(without.isAcceptable && without.configuration.server.tls.pair == nil)
        machine.fileExists = { $0 == "/etc/moltrelay/certs/\(name).crt" }
        #expect(try load(yaml, on: machine).findings.map(\.severity) == [.error])
    }
}
