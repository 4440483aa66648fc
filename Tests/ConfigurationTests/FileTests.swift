import Foundation
import Identity
import Testing

@testable import moltrelay

@Suite struct FileTests {
    @Test func everyMistakeIsToldAtOnceInTheOrderOfTheFile() throws {
        let yaml = try String(contentsOf: golden("mistakes.yaml"), encoding: .utf8)
        let report = try load(yaml, environment: ["MOLTRELAY_LISEN": "1", "MOLTRELAY_QUEUE_STORAGE": "disk"])
        #expect(!report.isAcceptable)
        #expect(try report.text == goldenText("mistakes.txt", actual: report.text))
    }

    @Test func theGuidesOwnSampleIsToldWhatThisBuildCannotDo() throws {
        let yaml = try String(contentsOf: golden("deployment-guide.yaml"), encoding: .utf8)
        let report = try load(yaml)
        #expect(!report.isAcceptable)
        #expect(try report.text == goldenText("deployment-guide.txt", actual: report.text))
    }

    /// Its keys are placeholders: with those mended it is accepted, and its queue is in Redis.
    @Test func theGuidesOwnSampleIsAcceptedOnceMended() throws {
        let key = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
        let yaml = try String(contentsOf: golden("deployment-guide.yaml"), encoding: .utf8)
            .replacingOccurrences(of: "ed25519:...", with: key)
        let report = try load(yaml)
        #expect(report.isAcceptable, "\(report.text)")
        #expect(report.configuration.auth.trustedOrgs.map(\.name) == ["anthropic", "openai"])
        #expect(report.configuration.server.listen.websocket == HostPort(host: "0.0.0.0", port: 443))
        #expect(report.configuration.queue.storage == .redis)
        #expect(report.configuration.logging.output == .file("/var/log/moltrelay/relay.log"))
        #expect(report.configuration.cluster.peers.map(\.description) == ["10.0.0.2:443", "10.0.0.3:443"])
    }

    @Test(arguments: [
        ("server: [", "config.yaml:2:1: not YAML: did not find expected node content (while parsing a flow node"),
        ("server:\n\tlisten: 1\n", "config.yaml:2:1: not YAML: found character that cannot start any token"),
        ("a: 1\n---\nb: 2\n", "config.yaml:2:1: not YAML: but found another document"),
        ("server: *nothing\n", "config.yaml:1:9: not YAML: found undefined alias"),
        ("server: \"a\u{1}\"\n", "config.yaml:1:11: not YAML: control characters are not allowed"),
        ("? [a]\n: 1\n", "config.yaml:1:3: a key must be a word, not a list or a mapping"),
        ("[1, 2]\n", "config.yaml:1:1: the file: expected a mapping of keys, found a list"),
        ("just words\n", "config.yaml:1:1: the file: expected a mapping of keys, found a single value"),
        ("é: 1\n", "config.yaml:1:1: unknown key 'é'"),
        ("{éé: 1, lisen: 2}\n", "config.yaml:1:2: unknown key 'éé'"),
    ])
    func whatIsNoConfigurationIsToldWithItsPlace(yaml: String, expected: String) throws {
        let report = try load(yaml)
        #expect(!report.isAcceptable)
        #expect(report.lines.first?.hasPrefix(expected) == true, "\(report.lines)")
    }

    @Test func columnsCountUnicodeScalars() throws {
        #expect(try load("{éé: 1, lisen: 2}\n").lines[1].hasPrefix("config.yaml:1:9: unknown key 'lisen'"))
    }

    @Test func invalidUTF8IsToldWithItsPlace() throws {
        let report = try load(bytes: Data("server:\r\n  x: \u{e9}".utf8) + [0xFF])
        #expect(report.lines == ["config.yaml:2:7: not UTF-8 text"])
    }

    @Test func aFileIsReadUpToItsBoundOnly() throws {
        let comment = Data(repeating: UInt8(ascii: "#"), count: ConfigurationFile.maxBytes)
        #expect(try load(bytes: comment).isAcceptable)
        #expect(
            try load(bytes: comment + [0x23]).lines == ["config.yaml: larger than 1048576 bytes: no configuration"]
        )
    }

    @Test func aFileThatCannotBeReadSaysWhy() {
        let missing = Loaded(file: "/nonexistent/config.yaml", environment: [:], flags: [], machine: bareMachine)
        #expect(missing.lines == ["config.yaml: cannot be read: No such file or directory"])
        let folder = Loaded(file: "/", environment: [:], flags: [], machine: bareMachine)
        #expect(folder.findings.map(\.message) == ["cannot be read: Is a directory"])
    }

    /// Ten lines that stand for 9^10 values.
    @Test func aliasesThatMultiplyAreStopped() throws {
        var yaml = "a: &a [x, x, x, x, x, x, x, x, x]\n"
        for (previous, name) in zip("abcdefghi", "bcdefghij") {
            let uses = Array(repeating: "*\(previous)", count: 9).joined(separator: ", ")
            yaml += "\(name): &\(name) [\(uses)]\n"
        }
        let report = try load(yaml)
        #expect(report.findings.map(\.message) == ["more than 20000 values, counting each use of an alias"])
    }

    @Test func deepNestingIsStopped() throws {
        let report = try load(String(repeating: "[", count: 50_000))
        #expect(report.lines.first?.contains("Maximum nesting level reached") == true)
    }

    @Test(arguments: ["", "# nothing\n", "---\n", "server:\nqueue:\n", "server: {}\n"])
    func aFileThatSaysNothingIsFine(yaml: String) throws {
        let report = try load(yaml)
        #expect(report.text == "config.yaml: fine\n")
    }

    @Test func anAnchorMayBeUsedAgain() throws {
        let report = try load("server:\n  drain:\n    timeout_ms: &t 1000\n    reconnect_after_ms: *t\n")
        #expect(report.configuration.server.drain.reconnectAfterMilliseconds == 1000)
    }
}

@Suite struct RepeatedKeyTests {
    @Test func bothPlacesAreToldAndReadingGoesOn() throws {
        let report = try load(
            """
            server:
              listen: {http: "127.0.0.1:1"}
            auth:
              relay_id: a
              relay_id: b
              "relay_id": c
              lisen: 1
            server:
              tls: {enabled: maybe}
            """
        )
        #expect(
            report.lines == [
                "config.yaml:5:3: duplicate key 'relay_id', first on line 4",
                "config.yaml:6:3: duplicate key 'relay_id', first on line 4",
                "config.yaml:7:3: unknown key 'lisen' in auth",
                "config.yaml:8:1: duplicate key 'server', first on line 1",
                "config.yaml:9:18: server.tls.enabled: expected true or false, found 'maybe'",
            ]
        )
    }

    @Test func insideAListItemToo() throws {
        let report = try load("auth:\n  trusted_orgs:\n    - name: a\n      name: b\n      public_key: x\n")
        #expect(report.lines[0] == "config.yaml:4:7: auth.trusted_orgs[0]: duplicate key 'name', first on line 3")
    }

    @Test func thereIsABound() throws {
        let repeated = (0...YAMLDocument.maxRepetitions).map { "k\($0): 1\nk\($0): 2\n" }.joined()
        let report = try load("server:\n" + repeated.split(separator: "\n").map { "  \($0)\n" }.joined())
        #expect(report.lines.count == 1)
        #expect(report.lines[0].contains("duplicate key"))
    }
}
