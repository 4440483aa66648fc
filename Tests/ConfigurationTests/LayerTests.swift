import Testing

@testable import moltrelay

@Suite struct LayerTests {
    private let yaml = "server:\n  listen:\n    http: \"127.0.0.1:1\"\n"
    private let variable = ["MOLTRELAY_SERVER_LISTEN_HTTP": "127.0.0.1:2"]
    private let flag = ConfigurationLoader.Override(
        flag: "--listen-http",
        path: "server.listen.http",
        value: "127.0.0.1:3"
    )

    @Test func aFlagBeatsTheEnvironmentBeatsTheFileBeatsTheDefault() throws {
        #expect(loadWithoutFile().configuration.server.listen.http.port == 8080)
        #expect(try load(yaml).configuration.server.listen.http.port == 1)
        #expect(try load(yaml, environment: variable).configuration.server.listen.http.port == 2)
        #expect(try load(yaml, environment: variable, flags: [flag]).configuration.server.listen.http.port == 3)
    }

    @Test func theOriginOfEachValueIsTold() throws {
        let line = { (report: Loaded) in report.effectiveText.split(separator: "\n")[1] }
        #expect(line(loadWithoutFile()) == "server.listen.http = 127.0.0.1:8080  # default")
        #expect(try line(load(yaml)) == "server.listen.http = 127.0.0.1:1  # config.yaml:3:11")
        #expect(
            try line(load(yaml, environment: variable))
                == "server.listen.http = 127.0.0.1:2  # environment variable MOLTRELAY_SERVER_LISTEN_HTTP"
        )
        #expect(
            try line(load(yaml, environment: variable, flags: [flag]))
                == "server.listen.http = 127.0.0.1:3  # --listen-http"
        )
    }

    @Test func aWrongValueIsAnErrorEvenWhereAnotherLayerBeatsIt() throws {
        let report = try load("server:\n  listen:\n    http: x\n", environment: variable, flags: [flag])
        #expect(report.lines.count == 1)
        #expect(report.lines[0].hasPrefix("config.yaml:3:11: server.listen.http: expected an address"))
    }

    @Test func aSecretIsNeverPrinted() throws {
        let inFile = try load("storage:\n  redis:\n    password: hunter2\n")
        #expect(inFile.configuration.storage.redis.password == "hunter2")
        #expect(inFile.effectiveText.contains("storage.redis.password = (withheld)  # config.yaml:3:15"))
        let wrong = try load("storage:\n  redis:\n    password: [hunter2]\n")
        #expect(!wrong.isAcceptable)
        #expect(!(inFile.effectiveText + inFile.text + wrong.effectiveText + wrong.text).contains("hunter2"))
    }

    @Test func theFileMayBeNamedByTheEnvironment() {
        let named = loadWithoutFile(environment: ["MOLTRELAY_CONFIG": "/nonexistent/c.yaml"])
        #expect(named.lines == ["/nonexistent/c.yaml: cannot be read: No such file or directory"])
    }
}

@Suite struct EnvironmentTests {
    @Test func anUnknownVariableIsAnErrorWithASuggestionAndWithoutItsValue() {
        let report = loadWithoutFile(environment: ["MOLTRELAY_SERVER_LISTN_HTTP": "secret", "MOLTRELAY_XYZZY": "s"])
        #expect(
            report.lines == [
                "environment variable MOLTRELAY_SERVER_LISTN_HTTP: no setting has this name, "
                    + "did you mean 'MOLTRELAY_SERVER_LISTEN_HTTP'?",
                "environment variable MOLTRELAY_XYZZY: no setting has this name",
            ]
        )
    }

    @Test(arguments: [
        ("MOLTRELAY_PORT", "tcp://10.0.0.1:443"), ("MOLTRELAY_PORT_443_TCP_ADDR", "10.0.0.1"),
        ("MOLTRELAY_SERVICE_HOST", "10.0.0.1"), ("MOLTRELAY_SERVICE_PORT_WSS", "443"),
        ("MOLTRELAY_REDIS_SERVICE_HOST", "10.0.0.2"), ("MOLTRELAY_REDIS_SERVICE_PORT", "6379"),
        ("MOLTRELAY_REDIS_PORT", "tcp://10.0.0.2:6379"), ("MOLTRELAY_REDIS_PORT_6379_TCP", "tcp://10.0.0.2:6379"),
        ("MOLTRELAY_REDIS_PORT_6379_TCP_PROTO", "tcp"), ("MOLTRELAY_STORAGE_POSTGRES_PORT", "tcp://10.0.0.3:5432"),
        ("MOLTRELAY_QUEUE_STORAGE", ""), ("MOLTRELAY_XYZZY", ""), ("OTHER_VARIABLE", "1"),
    ])
    func whatIsInjectedOrEmptyIsNotASetting(name: String, value: String) {
        #expect(loadWithoutFile(environment: [name: value]).text == "configuration: fine\n")
    }

    @Test func aPortThatNoServiceInjectedIsAnError() {
        #expect(!loadWithoutFile(environment: ["MOLTRELAY_SERVER_PORT": "8080"]).isAcceptable)
    }

    @Test func theGuidesNameForTheRedisAddressWorksAlone() {
        let alone = loadWithoutFile(environment: ["MOLTRELAY_REDIS_ADDRESS": "redis:6379"])
        #expect(alone.configuration.storage.redis.addresses == [HostPort(host: "redis", port: 6379)])
        let both = loadWithoutFile(
            environment: ["MOLTRELAY_REDIS_ADDRESS": "a:1", "MOLTRELAY_STORAGE_REDIS_ADDRESSES": "b:1"]
        )
        #expect(
            both.lines == [
                "environment variable MOLTRELAY_REDIS_ADDRESS: means the same as MOLTRELAY_STORAGE_REDIS_ADDRESSES, "
                    + "which is set too: remove one of them"
            ]
        )
    }

    @Test func aWrongItemOfAListIsNamed() {
        let report = loadWithoutFile(environment: ["MOLTRELAY_CLUSTER_PEERS": "a:1, b , c:99999"])
        #expect(report.lines.map { $0.split(separator: ":")[1] } == [" cluster.peers[1]", " cluster.peers[2]"])
    }
}
