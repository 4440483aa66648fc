import Listening
import NIOCore
import RelayCore
import Testing

@testable import RelayTransport

/// A listener behind proxies on this machine, as they and strangers meet it.
@Suite struct ProxyTests {
    private static func trust(_ header: ProxyTrust.Header, _ network: String = "127.0.0.0/8") -> ProxyTrust {
        ProxyTrust(header, networks: [AddressBlock(network)].compactMap(\.self))
    }

    private static func line(_ address: String) -> String { "PROXY TCP4 \(address) 198.51.100.1 56324 443\r\n" }

    private func answer(to bytes: some Collection<UInt8>, of relay: RelayUnderTest) throws -> String {
        let socket = try TestSocket(port: relay.port)
        try socket.write(bytes)
        return String(decoding: try socket.readToEnd(), as: UTF8.self)
    }

    private func upgraded(_ relay: RelayUnderTest, behind header: String) throws -> TestSocket {
        let socket = try TestSocket(port: relay.port)
        try socket.write(Array((header + TestAgent.request).utf8))
        let text = String(decoding: try socket.read(), as: UTF8.self)
        try #require(text.hasPrefix("HTTP/1.1 101 "), "\(text)")
        return socket
    }

    private static let oneEach: TransportLimits = {
        var limits = RelayUnderTest.unlimited
        limits.maxConnectionsPerIP = 1
        return limits
    }()

    /// One connection an address: two clients of one proxy are in, and a second of the first is not.
    @Test func aHeaderSaysWhoseConnectionItIs() throws {
        let relay = try RelayUnderTest(limits: Self.oneEach, trust: Self.trust(.proxyProtocol))
        let sockets = try [
            upgraded(relay, behind: Self.line("192.0.2.1")),
            upgraded(relay, behind: Self.line("192.0.2.2")),
            upgraded(relay, behind: "PROXY UNKNOWN\r\n"),
        ]
        let refused = try answer(to: Array((Self.line("192.0.2.1") + TestAgent.request).utf8), of: relay)
        #expect(refused.hasPrefix("HTTP/1.1 503 "), "\(refused)")
        try relay.log.wait(for: .connectionRefused(.connectionsPerIP))
        let binary = ProxyHeaderTests.binary(0x21, 0x11, [192, 0, 2, 3] + ProxyHeaderTests.ipv4.dropFirst(4))
        let other = try TestSocket(port: relay.port)
        for byte in binary + Array(TestAgent.request.utf8) { try other.write([byte]) }
        #expect(try other.read().starts(with: "HTTP/1.1 101 ".utf8))
        try relay.log.wait(for: .proxyHeader(.client), 4)
        try relay.log.wait(for: .proxyHeader(.own))
        withExtendedLifetime((sockets, other)) {}
    }

    @Test(
        arguments: [
            (TestAgent.request, ProxyHeaderResult.missing), ("PROXY TCP4 1 2 3 4\r\n", .malformed),
            ("PROXY UNKNOWN " + String(repeating: " ", count: 200), .tooLarge),
        ]
    )
    func whatATrustedProxyMayNotSay(bytes: String, result: ProxyHeaderResult) throws {
        let relay = try RelayUnderTest(trust: Self.trust(.proxyProtocol))
        #expect(try answer(to: bytes.utf8, of: relay) == "")
        try relay.log.wait(for: .proxyHeader(result))
        #expect(relay.log.failures == [.proxyHeader])
    }

    @Test func aHeaderThatDoesNotComeToItsEnd() throws {
        var limits = RelayUnderTest.unlimited
        limits.handshakeTimeout = .seconds(1)
        let relay = try RelayUnderTest(limits: limits, trust: Self.trust(.proxyProtocol))
        #expect(try answer(to: "PROXY TCP4 ".utf8, of: relay) == "")
        try relay.log.wait(for: .proxyHeader(.tooSlow))
        let socket = try TestSocket(port: relay.port)
        try socket.write("PROXY TCP4 ".utf8)
        socket.endWrites()
        #expect(try socket.readToEnd() == [])
        try relay.log.wait(for: .proxyHeader(.malformed))
        #expect(relay.log.failures == [.proxyHeader, .proxyHeader])
    }

    /// A look at the port, a look with LOCAL, and a silence that is cut off.
    @Test func aProxysHealthCheckIsNobodysFailure() throws {
        var limits = RelayUnderTest.unlimited
        limits.handshakeTimeout = .seconds(1)
        let relay = try RelayUnderTest(limits: limits, trust: Self.trust(.proxyProtocol))
        try TestSocket(port: relay.port).close()
        try TestSocket(port: relay.port).reset()
        #expect(try TestSocket(port: relay.port).readToEnd() == [])
        let local = try TestSocket(port: relay.port)
        try local.write(ProxyHeaderTests.binary(0x20, 0, []))
        local.close()
        try relay.log.wait(for: .proxyHeader(.own))
        _ = try upgraded(relay, behind: Self.line("192.0.2.1"))
        try relay.settle()
        #expect(relay.log.failures == [])
    }

    @Test(arguments: [ProxyTrust.none, trust(.proxyProtocol, "192.0.2.0/24"), trust(.forwardedFor)])
    func aHeaderThatNobodyAskedForIsRefused(trust: ProxyTrust) throws {
        let relay = try RelayUnderTest(trust: trust)
        let line = Array((Self.line("192.0.2.1") + TestAgent.request).utf8)
        for bytes in [line, ProxyHeaderTests.binary(0x21, 0x11, ProxyHeaderTests.ipv4)] {
            #expect(try answer(to: bytes, of: relay) == "")
        }
        try relay.log.wait(for: .proxyHeader(.untrusted), 2)
        #expect(relay.log.failures == [.proxyHeader, .proxyHeader])
        _ = try TestAgent(relay)
    }

    private static func forwarded(_ value: String) -> String {
        TestAgent.request.replacing("Host: relay", with: "Host: relay\r\nX-Forwarded-For: \(value)")
    }

    @Test func forwardedForSaysWhoseRequestItIs() throws {
        let relay = try RelayUnderTest(limits: Self.oneEach, trust: Self.trust(.forwardedFor))
        let first = try TestSocket(port: relay.port)
        try first.write(Self.forwarded("192.0.2.1").utf8)
        #expect(try first.read().starts(with: "HTTP/1.1 101 ".utf8))
        let second = try TestSocket(port: relay.port)
        try second.write(Self.forwarded("spoofed, 192.0.2.2").utf8)
        #expect(try second.read().starts(with: "HTTP/1.1 101 ".utf8))
        let third = try answer(to: Self.forwarded("192.0.2.9, 192.0.2.1").utf8, of: relay)
        #expect(third.hasPrefix("HTTP/1.1 503 "), "\(third)")
        try relay.log.wait(for: .connectionRefused(.connectionsPerIP))
        #expect(relay.log.failures == [.limit])
        let fourth = try answer(to: Self.forwarded("unknown").utf8, of: relay)
        #expect(fourth.hasPrefix("HTTP/1.1 400 "), "\(fourth)")
        #expect(fourth.hasSuffix("no list of addresses (server.proxy).\n"), "\(fourth)")
        try relay.log.wait(for: .connectionFailed(.proxyHeader))
        // Refused ones have given their places back once their sockets are gone.
        #expect(relay.listener.turnstile.counts.inside >= 2)
        withExtendedLifetime((first, second)) {}
    }

    @Test func aStrangersForwardedForIsIgnored() throws {
        let relay = try RelayUnderTest(
            limits: Self.oneEach,
            trust: Self.trust(.forwardedFor, "192.0.2.0/24")
        )
        let first = try TestSocket(port: relay.port)
        try first.write(Self.forwarded("198.51.100.1").utf8)
        #expect(try first.read().starts(with: "HTTP/1.1 101 ".utf8))
        let second = try answer(to: Self.forwarded("198.51.100.2").utf8, of: relay)
        #expect(second.hasPrefix("HTTP/1.1 503 "), "\(second)")
        withExtendedLifetime(first) {}
    }
}
