import NIOCore
import RelayCore
import Testing
import WireProtocol

@testable import RelayTransport

/// From the first byte of a socket to the WebSocket.
@Suite struct UpgradeTests {
    /// A request that is good but for one change.
    private static func request(_ change: (from: String, to: String)) -> String {
        TestAgent.request.replacing(change.from, with: change.to)
    }

    private func answer(to request: String, of relay: RelayUnderTest) throws -> (status: Substring, body: Substring) {
        let socket = try TestSocket(port: relay.port)
        try socket.write(request.utf8)
        let text = String(decoding: try socket.readToEnd(), as: UTF8.self)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
        try #require(parts.count == 2, "\(text)")
        return (text.dropFirst(9).prefix(3), parts[1])
    }

    @Test(
        arguments: [
            ("/v1/connect ", "/v1/nothing ", "404", "No such path. Agents connect to /v1/connect.\n"),
            ("GET", "POST", "426", "This path speaks WebSocket only: GET it with 'Upgrade: websocket'.\n"),
            (
                "Upgrade: websocket", "Upgrade: h2c", "426",
                "This path speaks WebSocket only: GET it with 'Upgrade: websocket'.\n"
            ),
            ("Version: 13", "Version: 12", "426", "Sec-WebSocket-Version must be 13.\n"),
            ("Sec-WebSocket-Version: 13\r\n", "", "426", "Sec-WebSocket-Version must be 13.\n"),
            ("Connection: Upgrade", "Connection: close", "400", "The Connection header does not name 'Upgrade'.\n"),
            ("HTTP/1.1", "HTTP/1.0", "400", "A WebSocket upgrade needs HTTP/1.1.\n"),
            ("dGhlIHNhbXBsZSBub25jZQ==", "dGhl", "400", "Sec-WebSocket-Key must be there once, 16 bytes in base64.\n"),
            (
                "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ!=", "400",
                "Sec-WebSocket-Key must be there once, 16 bytes in base64.\n"
            ),
            (
                "Host: relay", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "400",
                "Sec-WebSocket-Key must be there once, 16 bytes in base64.\n"
            ),
            ("GET /v1", "\u{1}\u{2} nonsense", "400", "This is not an HTTP request.\n"),
            (
                "Host: relay", "Host: " + String(repeating: "r", count: 17_000), "431",
                "The request is longer than 16384 bytes.\n"
            ),
        ]
    )
    func rejections(from: String, to: String, status: String, body: String) throws {
        let relay = try RelayUnderTest()
        let answer = try answer(to: Self.request((from, to)), of: relay)
        #expect(answer.status == status)
        #expect(answer.body == body)
        try relay.log.wait(for: .connectionFailed(status == "431" ? .tooLarge : .upgradeRejected))
        #expect(relay.log.failures.count == 1)
        #expect(relay.log.closeReasons == [])
    }

    /// RFC 6455 section 1.3 has this key and this answer.
    @Test func theAnswerOfTheRFC() throws {
        let relay = try RelayUnderTest()
        let socket = try TestSocket(port: relay.port)
        try socket.write(Self.request(("Host: relay", "Sec-WebSocket-Protocol: other, moltrelay.v1")).utf8)
        let text = String(decoding: try socket.read(), as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(text.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
        #expect(text.contains("\r\nSec-WebSocket-Protocol: moltrelay.v1\r\n"))
    }

    /// More of them than a request may have: they are none of it.
    @Test(arguments: [1, 20_000]) func bytesBehindTheRequestReachTheWebSocket(pings: Int) throws {
        let relay = try RelayUnderTest()
        let socket = try TestSocket(port: relay.port)
        let ping = WebSocketEncoder.masked(.ping, payload: [], key: 7)
        try socket.write(Array(TestAgent.request.utf8) + (0..<pings).flatMap { _ in ping })
        var bytes: [UInt8] = []
        while !bytes.suffix(2).elementsEqual([0x8A, 0]) { bytes += try socket.read() }
        #expect(bytes.starts(with: "HTTP/1.1 101 ".utf8))
    }

    @Test func aRequestInPieces() throws {
        let relay = try RelayUnderTest()
        let socket = try TestSocket(port: relay.port)
        for byte in TestAgent.request.utf8 { try socket.write([byte]) }
        #expect(try socket.read().starts(with: "HTTP/1.1 101 ".utf8))
        try relay.log.wait(for: .connectionOpened)
    }

    @Test func aSlowRequestIsCutOff() throws {
        var limits = RelayUnderTest.unlimited
        limits.handshakeTimeout = .seconds(1)
        let relay = try RelayUnderTest(limits: limits)
        let answer = try answer(to: "GET /v1/connect HTTP/1.1\r\n", of: relay)
        #expect(answer.status == "408")
        try relay.log.wait(for: .connectionFailed(.handshakeTimeout))
    }

    @Test func aHealthCheckIsNobodysFailure() throws {
        var limits = RelayUnderTest.unlimited
        limits.handshakeTimeout = .seconds(1)
        let relay = try RelayUnderTest(limits: limits)
        #expect(try TestSocket(port: relay.port).readToEnd() == [])
        try TestSocket(port: relay.port).close()
        try TestSocket(port: relay.port).reset()
        // An agent that comes and goes afterwards: what the others left behind would have been told before.
        let agent = try TestAgent.admitted(relay)
        try agent.sendClose(1000)
        #expect(try relay.log.waitForClose() == [.agentClosed])
        #expect(relay.log.failures == [])
    }

    @Test func withoutATimeoutASocketMayBeSilent() throws {
        var limits = RelayUnderTest.unlimited
        limits.handshakeTimeout = .zero
        let session = SessionConfiguration(relayID: "relay", handshakeTimeout: 0)
        let relay = try RelayUnderTest(limits: limits, session: session)
        _ = try TestAgent.admitted(relay)
        #expect(relay.log.failures == [])
    }

    @Test func afterTheListenerClosedNobodyIsUpgraded() throws {
        let relay = try RelayUnderTest()
        let socket = try TestSocket(port: relay.port)
        try socket.write("GET /v1/connect HTTP/1.1\r\n".utf8)
        // Its first bytes are read once an agent that came later is in.
        _ = try TestAgent.admitted(relay)
        try relay.closeListener()
        try socket.write(TestAgent.request.utf8.dropFirst("GET /v1/connect HTTP/1.1\r\n".utf8.count))
        let text = String(decoding: try socket.readToEnd(), as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 503 "))
        #expect(text.contains("\r\nRetry-After: 5\r\n"))
        #expect(text.hasSuffix("This relay is going away and takes no new connections.\n"))
    }
}
