import Identity
import Testing

@testable import moltrelay

@Suite struct ValueTests {
    @Test(arguments: [
        ("127.0.0.1:80", "127.0.0.1", 80), ("[::1]:0", "::1", 0),
        ("relay.example.com:65535", "relay.example.com", 65535),
        ("my_host:1", "my_host", 1), ("localhost:8080", "localhost", 8080),
    ])
    func anAddressIsAHostAndAPort(text: String, host: String, port: Int) throws {
        let address = try #require(HostPort(text, ports: 0...65535))
        #expect(address == HostPort(host: host, port: port))
        #expect(address.description == text)
    }

    @Test(arguments: [
        "", ":", "80", ":80", "host", "host:", "host:65536", "host:-1", "host:+1", "host:1 ", "::1:80", "[::1]", "[]:1",
        "[host]:1", "[127.0.0.1]:1", "1.2.3:1", "1.2.3.4.5:1", "256.1.1.1:1", "-a:1", "a..b:1", "a b:1",
        "host:00000080",
        "http://host:80", "héé:1",
    ])
    func whatIsNoAddressIsRefused(text: String) {
        #expect(HostPort(text, ports: 0...65535) == nil)
    }

    @Test(
        arguments: [
            ("0", 0), ("10", 10), ("010", nil), ("1_0", nil), ("0x10", nil), ("1e3", nil), ("+1", nil), ("", nil),
            ("99999999999999999999", nil), ("1.0", nil),
        ] as [(String, Int?)]
    )
    func aWholeNumberIsDecimalDigits(text: String, expected: Int?) {
        #expect((try? ValueType<Int>.whole(0...100).read(.text(text))) == expected)
    }

    @Test(
        arguments: [
            (NumberUnit.bytes, "10GB", "10737418240"), (.bytes, "512 KiB", "524288"), (.milliseconds, "5s", "5000"),
            (.milliseconds, "500ms", "500"), (.hours, "7d", "168"), (.plain, "100k", "100000"), (.bytes, "lots", nil),
            (.bytes, "9999999999999GB", nil),
        ] as [(NumberUnit, String, String?)]
    )
    func aNumberWithAUnitIsAnsweredWithTheNumberMeant(unit: NumberUnit, text: String, expected: String?) {
        #expect(unit.likelyNumber(text) == expected)
    }

    @Test func quotesMakeTextOfNumbersAndTruths() throws {
        let report = try load("queue: {enabled: \"true\", retention_hours: '1'}\nauth: {relay_id: 12}\n")
        #expect(
            report.lines == [
                "config.yaml:1:18: queue.enabled: expected true or false without quotes, found 'true'",
                "config.yaml:1:43: queue.retention_hours: expected a whole number, 1 to 87600, without quotes, found '1'",
            ]
        )
        #expect(report.configuration.auth.relayID == "12")
    }

    @Test(arguments: [
        ("ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", true),
        ("ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo", false),
        ("ed25519:FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z", true),
        ("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", false), ("ed25519:AAAA", false), ("ed25519:...", false),
        ("ed25519:", false), ("rsa:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", false),
    ])
    func aPublicKeyIsThirtyTwoBytes(text: String, isKey: Bool) {
        #expect(((try? ValueType<Ed25519.PublicKey>.publicKey.read(.text(text))) != nil) == isKey)
    }

    @Test func aKeyAnybodyCanSignForIsRefused() throws {
        let zero = "ed25519:" + String(repeating: "A", count: 43) + "="
        let report = try load("auth: {trusted_orgs: [{name: a, public_key: \"\(zero)\"}]}\n")
        #expect(!report.isAcceptable)
        #expect(report.lines[0].contains("is no usable key: a point of small order"))
    }

    @Test func organisationsAreJudgedOneByOne() throws {
        let report = try load(
            """
            auth:
              trusted_orgs:
                - name: a
                - name: b
                  public_key: "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
                  publickey: x
                - c
            """
        )
        #expect(
            report.lines == [
                "config.yaml:3:7: auth.trusted_orgs[0]: needs public_key",
                "config.yaml:6:7: auth.trusted_orgs[1]: unknown key 'publickey', did you mean 'public_key'?",
                "config.yaml:7:7: auth.trusted_orgs[2]: expected a mapping with name and public_key, found 'c'",
            ]
        )
    }

    @Test(arguments: [
        ("address: nowhere", "29: metrics.statsd.address: expected a host and a port"),
        ("address: \"h:99999\"", "29: metrics.statsd.address: expected a host and a port"),
        ("flavor: dogstats", "28: metrics.statsd.flavor: expected one of plain, dogstatsd, found"),
        ("prefix: \"a:b\"", "28: metrics.statsd.prefix: expected at most 128 letters"),
        ("sample_rate: 0", "33: metrics.statsd.sample_rate: expected a number above 0"),
        ("flush_interval_ms: 10s", "39: metrics.statsd.flush_interval_ms: expected a whole number"),
    ])
    func aWrongStatsDSettingIsNamedByItsPlace(setting: String, complaint: String) throws {
        let report = try load("metrics: {statsd: {\(setting)}}\n")
        #expect(!report.isAcceptable)
        #expect(report.lines[0].hasPrefix("config.yaml:1:\(complaint)"), "\(report.text)")
    }

    @Test func whatIsShownHasABoundAndNoControlCharacters() {
        #expect(quote("a\u{1b}[31m\n\u{202e}é") == #"'a\u{1B}[31m\n\u{202E}é'"#)
        #expect(quote(String(repeating: "x", count: 100)) == "'" + String(repeating: "x", count: 80) + "…'")
    }
}

@Suite struct NearestTests {
    @Test(
        arguments: [
            ("lisen", "listen"), ("listne", "listen"), ("sotrage", "storage"), ("max_conections", "max_connections"),
            ("xyzzy", nil), ("t", nil), ("", nil),
        ] as [(String, String?)]
    )
    func aSlipOfTheFingerIsRecognised(word: String, expected: String?) {
        #expect(nearest(word, among: ["listen", "storage", "tls", "max_connections"]) == expected)
    }

    @Test func theFirstOfTheBestIsTaken() {
        #expect(nearest("ab", among: ["abc", "abd"]) == "abc")
        #expect(nearest("abd", among: ["abc", "abd"]) == "abd")
    }

    @Test(arguments: [("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("kitten", "sitting", 3), ("abc", "abc", 0)])
    func distances(left: String, right: String, expected: Int) {
        #expect(editDistance(Array(left.utf8), Array(right.utf8)) == expected)
        #expect(editDistance(Array(right.utf8), Array(left.utf8)) == expected)
    }
}
