import Testing

@testable import moltrelay

/// What must hold between settings: each row a file, where its finding stands and how it begins.
@Suite struct RuleTests {
    @Test(arguments: [
        (
            "server: {listen: {websocket: \"0.0.0.0:8443\"}}",
            "config.yaml:1:30: server.listen.websocket: other machines reach 0.0.0.0:8443"
        ),
        (
            "server: {listen: {websocket: \"[::]:8443\"}}",
            "config.yaml:1:30: server.listen.websocket: other machines reach [::]:8443"
        ),
        (
            "server: {tls: {cert_file: /c, enabled: true}}",
            "config.yaml:1:27: server.tls.cert_file needs server.tls.key_file beside it"
        ),
        (
            "server: {listen: {http: \"127.0.0.1:8443\"}}",
            "config.yaml:1:25: server.listen.http 127.0.0.1:8443 and server.listen.websocket 127.0.0.1:8443 cannot"
        ),
        (
            "server: {listen: {http: \"127.0.0.1:9090\"}}",
            "config.yaml:1:25: server.listen.metrics 0.0.0.0:9090 and server.listen.http 127.0.0.1:9090 cannot"
        ),
        (
            "health: {endpoint: /x, detailed_endpoint: /x}",
            "config.yaml:1:20: health.endpoint and health.detailed_endpoint are both '/x'"
        ),
        (
            "server: {proxy: {header: proxy_protocol}}",
            "config.yaml:1:26: server.proxy.header: proxy_protocol needs server.proxy.trusted_networks"
        ),
        (
            "server: {proxy: {trusted_networks: [10.0.0.0/8]}}",
            "config.yaml:1:36: server.proxy.trusted_networks does nothing alone"
        ),
        ("health: {endpoint: /metrics}", "config.yaml:1:20: health.endpoint: '/metrics' is answered by something"),
        (
            "auth: {allow_anonymous: false}",
            "config.yaml:1:25: auth.allow_anonymous: false with no auth.trusted_orgs lets nobody in"
        ),
        ("auth: {require_auth: false, allow_anonymous: false}", "config.yaml:1:22: auth.require_auth: false asks"),
        (
            "limits: {idle_timeout_ms: 30000}",
            "config.yaml:1:27: limits.idle_timeout_ms 30000 is not above server.keepalive.interval_ms 30000"
        ),
        (
            "limits: {outbox_max_bytes: 1048576}",
            "config.yaml:1:28: limits.outbox_max_bytes 1048576 has no room for one message"
        ),
        (
            "queue: {max_total_size_bytes: 1048576}",
            "config.yaml:1:31: queue.max_total_size_bytes 1048576 has no room for one message"
        ),
        ("admin: {http: true}", "config.yaml:1:15: admin.http: true needs admin.token_file: make one with"),
        (
            "{server: {listen: {http: \"0.0.0.0:8080\"}}, admin: {http: true, token_file: /t}}",
            "config.yaml:1:58: admin.http: true on server.listen.http 0.0.0.0:8080 would send the token over the network"
        ),
        (
            "{health: {token_file: /t}, admin: {http: true, token_file: /t}}",
            "config.yaml:1:60: admin.token_file and health.token_file are both '/t'"
        ),
        (
            "server: {tls: {cert_file: /c, key_file: /k, client_certificates: required}}",
            "config.yaml:1:66: server.tls.client_certificates: required needs server.tls.client_ca_file"
        ),
        (
            "server: {tls: {cert_file: /c, key_file: /k, client_ca_file: /ca}}",
            "config.yaml:1:61: server.tls.client_ca_file does nothing with server.tls.client_certificates: none"
        ),
        (
            "server: {tls: {certificates: [{cert_file: /a, key_file: /b}]}}",
            "config.yaml:1:30: server.tls.certificates and server.tls.ocsp_file need server.tls.cert_file"
        ),
        (
            "server: {tls: {enabled: true}}",
            "config.yaml:1:25: server.tls.enabled: true needs a certificate: give server.tls.cert_file and"
        ),
        (
            "tracing: {enabled: true, otlp: {endpoint: \"http://o:0/v1/traces\"}}",
            "config.yaml:1:43: tracing.otlp.endpoint: 'http://o:0/v1/traces' has the port '0'; a port is 1 to 65535"
        ),
    ])
    func anImpossibleCombinationIsAnError(yaml: String, expected: String) throws {
        let report = try load(yaml + "\n")
        #expect(!report.isAcceptable)
        #expect(report.lines.contains { $0.hasPrefix(expected) }, "\(report.lines)")
    }

    @Test(arguments: [
        "server: {listen: {websocket: \"0.0.0.0:8443\"}, tls: {enabled: false}, public_names: [relay.example]}",
        "server: {listen: {websocket: \"localhost:8443\"}}",
        "server: {listen: {websocket: \"127.9.9.9:8443\"}}",
        "server: {listen: {websocket: \"[::1]:8443\"}}",
        "server: {listen: {http: \"127.0.0.1:0\", metrics: \"127.0.0.1:0\", websocket: \"127.0.0.1:0\"}}",
        "server: {listen: {metrics: \"127.0.0.2:8080\"}}",
        "limits: {idle_timeout_ms: 0}",
        "tracing: {enabled: true, jaeger: {endpoint: \"https://j/api/traces\"}}",
        "server: {tls: {enabled: false, min_version: 1.2}}",
        "queue: {enabled: false, max_total_size_bytes: 1048576}",
    ])
    func aPossibleOneIsNot(yaml: String) throws {
        #expect(try load(yaml + "\n").text == "config.yaml: fine\n")
    }

    @Test(arguments: [
        ("auth: {require_auth: false}", "config.yaml:1:22: auth.require_auth: false lets anybody send as any agent"),
        ("admin: {http: true, token_file: /t}", "config.yaml:1:33: admin.token_file: '/t' does not exist"),
        ("health: {token_file: /t}", "config.yaml:1:22: health.token_file: '/t' does not exist"),
        ("auth: {private_key_file: /k}", "config.yaml:1:26: auth.private_key_file: '/k' does not exist"),
        ("queue: {storage: memory}", "config.yaml:1:18: queue.storage: memory survives nothing"),
        (
            "auth: {trusted_orgs: [{name: a, public_key: "
                + "\"ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"}]}",
            "config.yaml:1:22: auth.trusted_orgs is set, and agents of no organisation are let in too"
        ),
        ("server: {tls: {dhparam: /d.pem}}", "config.yaml:1:25: server.tls.dhparam: '/d.pem' is not used"),
        ("server: {tls: {min_version: 1.2}}", "config.yaml:1:29: server.tls.min_version: 1.2 lets in"),
        (
            "server: {listen: {websocket: \"0.0.0.0:1\"}, tls: {enabled: false}}",
            "config.yaml:1:30: server.public_names is not set"
        ),
    ])
    func aDoubtfulOneIsAWarning(yaml: String, expected: String) throws {
        let report = try load(yaml + "\n")
        #expect(report.isAcceptable)
        #expect(report.lines.count == 1)
        #expect(report.lines[0].hasPrefix(expected), "\(report.lines)")
    }

    /// An unusable value is told once, not again by each rule that would have looked at it.
    @Test func rulesKeepQuietAboutWhatIsUnusable() throws {
        #expect(try load("auth: {allow_anonymous: false, trusted_orgs: 5}\n").lines.count == 1)
        #expect(try load("server: [\n", environment: ["MOLTRELAY_AUTH_ALLOW_ANONYMOUS": "false"]).lines.count == 1)
    }

    @Test func aSocketPathHasABound() throws {
        let fits = "/" + String(repeating: "s", count: 106)
        #expect(try load("admin: {socket: \(fits)}\n").isAcceptable)
        let report = try load("admin: {socket: \(fits)s}\n")
        #expect(report.lines[0].hasPrefix("config.yaml:1:17: admin.socket: the path of a Unix socket has at most 107"))
        var deep = bareMachine
        deep.environment["STATE_DIRECTORY"] = "/" + String(repeating: "d", count: 100)
        #expect(loadWithoutFile(on: deep).lines[0].hasPrefix("admin.socket: the path of a Unix socket"))
    }

    @Test func aMachineWithoutAFolderSaysWhatToSet() {
        var nowhere = bareMachine
        nowhere.environment = [:]
        let report = loadWithoutFile(on: nowhere)
        #expect(
            report.lines.map { $0.prefix(30) } == ["admin.socket: no folder for it", "storage.sqlite.path: no folder"]
        )
        let told = ["MOLTRELAY_ADMIN_SOCKET": "/s", "MOLTRELAY_STORAGE_SQLITE_PATH": "/db"]
        #expect(loadWithoutFile(environment: told, on: nowhere).isAcceptable)
    }

    @Test func everyRuleNamesKeysThatExist() {
        let unknown = Rule.all.flatMap(\.keys).filter { Schema.byPath[$0] == nil }
        #expect(unknown == [])
    }
}
