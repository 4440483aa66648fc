import NIOHTTP1
import Testing
import WireProtocol

@testable import RelayClient

@Suite struct RelayAddressTests {
    @Test(arguments: [
        ("ws://127.0.0.1:8443/v1/connect", "127.0.0.1:8443", "/v1/connect"),
        ("ws://relay.example", "relay.example:80", "/v1/connect"),
        ("WS://relay.example/", "relay.example:80", "/v1/connect"), ("ws://[::1]:9/a?b=c", "[::1]:9", "/a?b=c"),
        ("ws://[::1]", "[::1]:80", "/v1/connect"), ("ws://h?b", "h:80", "/?b"),
    ])
    func isRead(url: String, authority: String, path: String) throws {
        let address = try RelayAddress(url)
        #expect(address.authority == authority)
        #expect(address.path == path)
        #expect(try RelayAddress(address.description) == address)
    }

    @Test(arguments: [
        "", "relay.example", "http://relay.example", "ws://", "ws://:80", "ws://h:0", "ws://h:65536", "ws://h:x",
        "ws://a@h", "ws://h/\r\nX: y", "ws://h/ä", "ws://h#f", "ws://::1", "ws://[::1", "ws://[]:1",
    ])
    func isRefused(url: String) {
        #expect(throws: RelayAddress.Failure.malformed(url)) { try RelayAddress(url) }
    }

    @Test func tlsHasItsOwnPort() throws {
        let address = try RelayAddress("wss://relay.example")
        #expect(address.isTLS && address.port == 443)
        #expect(address.description == "wss://relay.example:443/v1/connect")
        #expect(try !RelayAddress("ws://relay.example:443").isTLS)
    }
}

@Suite struct UpgradeRequestTests {
    // The key and the answer of RFC 6455 section 1.3.
    private let request: UpgradeRequest
    private var response = HTTPResponseHead(
        version: .http1_1,
        status: .switchingProtocols,
        headers: [
            "Upgrade": "WebSocket", "Connection": "keep-alive, Upgrade",
            "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Sec-WebSocket-Protocol": "moltrelay.v1",
        ]
    )

    init() throws {
        request = UpgradeRequest(address: try RelayAddress("ws://[::1]:9/x"), nonce: Array("the sample nonce".utf8))
    }

    @Test func asksForAWebSocket() {
        #expect(request.head.uri == "/x" && request.head.method == .GET)
        #expect(request.head.headers["Host"] == ["[::1]:9"])
        #expect(request.head.headers["Sec-WebSocket-Key"] == ["dGhlIHNhbXBsZSBub25jZQ=="])
        #expect(request.failure(of: response) == nil)
    }

    @Test mutating func theSubprotocolIsOptional() {
        response.headers.remove(name: "Sec-WebSocket-Protocol")
        #expect(request.failure(of: response) == nil)
    }

    @Test(arguments: [
        ("Upgrade", "h2c"), ("Connection", "close"), ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOp="),
        ("Sec-WebSocket-Protocol", "chat"), ("Sec-WebSocket-Extensions", "permessage-deflate"),
    ])
    func anotherAnswerIsNoRelay(name: String, value: String) {
        var response = response
        response.headers.replaceOrAdd(name: name, value: value)
        guard case .notARelay = request.failure(of: response) else {
            Issue.record("\(name) is taken")
            return
        }
    }

    @Test mutating func aRefusalKeepsItsStatus() {
        response.status = .notFound
        #expect(request.failure(of: response) == .upgradeRefused(status: 404, body: "Not Found"))
    }
}

@Suite struct ReconnectionTests {
    private var reconnection: Reconnection
    private let home: RelayAddress
    private let lost = ConnectionFailure.lost("")

    init() throws {
        var configuration = try Sample.configuration()
        configuration.backoff = RelayClient.Backoff(first: .nanoseconds(1_000), longest: .nanoseconds(6_000))
        home = configuration.relay
        reconnection = Reconnection(configuration)
    }

    private mutating func delay(_ failure: ConnectionFailure, at now: UInt64 = 0, random: UInt64 = .max) -> UInt64? {
        guard case .retry(let delay, _) = reconnection.lost(failure, at: now, random: random) else { return nil }
        return delay
    }

    @Test mutating func theBoundDoublesUpToItsLongest() {
        #expect((0..<5).map { _ in delay(lost) } == [1_000, 2_000, 4_000, 6_000, 6_000])
    }

    @Test mutating func theDelayIsAnywhereBelowTheBound() {
        #expect(delay(lost, random: 0) == 0)
        #expect(delay(lost, random: .max / 2) == 1_000)
    }

    @Test mutating func onlyAConnectionThatLastedStartsAnew() {
        _ = delay(lost)
        reconnection.opened(at: 100)
        #expect(delay(lost, at: 100 + Reconnection.stableNanoseconds - 1) == 2_000)
        reconnection.opened(at: 200)
        #expect(delay(lost, at: 200 + Reconnection.stableNanoseconds) == 1_000)
    }

    @Test mutating func theRelaysAdviceComesFirst() {
        let refusal = AuthFail(code: .rateLimited, message: "", retryAllowed: true, retryAfterMilliseconds: 5)
        #expect(delay(.authenticationRefused(refusal)) == 5_001_000)
        // With its type: of the bare sum Swift 6.3 makes a comparison of AnyHashable that reads past its operand.
        let longest: UInt64? = 3_600_000 * 1_000_000 + 2_000
        #expect(delay(.goneAway(GoAway(message: "", reconnectAfterMilliseconds: .max))) == longest)
    }

    @Test mutating func theAlternateIsForOneAttempt() throws {
        let goAway = ConnectionFailure.goneAway(GoAway(message: "", alternateRelay: "ws://other:1"))
        #expect(
            reconnection.lost(goAway, at: 0, random: 0) == .retry(afterNanoseconds: 0, try RelayAddress("ws://other:1"))
        )
        #expect(reconnection.lost(lost, at: 0, random: 0) == .retry(afterNanoseconds: 0, home))
        let unusable = ConnectionFailure.goneAway(GoAway(message: "", alternateRelay: "other"))
        #expect(reconnection.lost(unusable, at: 0, random: 0) == .retry(afterNanoseconds: 0, home))
    }

    @Test mutating func whatCannotHelpIsNotTried() {
        let refusal = AuthFail(code: .keyPinned, message: "", retryAllowed: false)
        for failure in [
            ConnectionFailure.authenticationRefused(refusal), .relayUnproved, .relayKeyDiffers, .relayProofInvalid,
            .boundAuthenticationUnavailable, .protocolVersion("2"),
        ] {
            #expect(reconnection.lost(failure, at: 0, random: 0) == .giveUp, "\(failure)")
        }
    }

    @Test func aFirstConnectionMayBeTheOnlyTry() throws {
        var configuration = try Sample.configuration()
        configuration.retriesFirstConnection = false
        var reconnection = Reconnection(configuration)
        #expect(reconnection.lost(lost, at: 0, random: 0) == .giveUp)
        reconnection.opened(at: 0)
        #expect(reconnection.lost(lost, at: 0, random: 0) == .retry(afterNanoseconds: 0, home))
    }
}
