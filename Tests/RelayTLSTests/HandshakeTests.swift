import CertificateFixture
import Foundation
import NIOCore
import NIOEmbedded
import Testing

@testable import RelayTLS

@Suite struct HandshakeTests {
    @Test(arguments: TestAuthority.Key.allCases)
    func agreesWithEveryKindOfKey(_ key: TestAuthority.Key) throws {
        let pair = try TLSPair(TestAuthority.server([TestAuthority.certificate(key: key)]))
        defer { pair.finish() }
        try pair.exchange()
        let agreed = TLSHandshake(version: .tls13, suite: .aes256GCM, isResumed: false)
        #expect(pair.client.result == .success(agreed))
        #expect(pair.server.result == .success(agreed))
        #expect(pair.server.inbox.events.count == 1 && pair.client.inbox.events.count == 1)
    }

    @Test func agreesByteByByte() throws {
        let pair = try TLSPair()
        defer { pair.finish() }
        try pair.exchange { _ in 1 }
        #expect(pair.client.failure == nil && pair.server.result != nil)
        try pair.client.write(Array("hello".utf8))
        try pair.server.write(Array("good day".utf8))
        try pair.exchange { _ in 1 }
        #expect(pair.server.inbox.bytes == Array("hello".utf8))
        #expect(pair.client.inbox.bytes == Array("good day".utf8))
    }

    /// A share of zeros, with which X25519 agrees on nothing.
    @Test func aShareThatAgreesOnNothingIsItsClientsFault() throws {
        let pair = try TLSPair()
        defer { pair.finish() }
        var hello = try pair.client.takeWire()
        let head: [UInt8] = [0, 0x1D, 0, 32]
        let start = try #require(hello.indices.first { hello[$0...].starts(with: head) }) + head.count
        hello.replaceSubrange(start..<start + 32, with: [UInt8](repeating: 0, count: 32))
        try pair.server.receive(hello)
        #expect(pair.server.failure?.cause == .malformed)
    }

    /// Of `openssl s_client -groups P-256`, one bit of its share turned over.
    private static let offTheCurve = """
        FgMBAM0BAADJAwNpamc36luj8QAtkJyLAjwPvEKqdCNY+yvBKMHaPq4CMyD562VikGAGcDXPao5+srPSjDhTJL3hx3tUWgmv8kLL\
        RwAEEwEA/wEAAHwACwAEAwABAgAKAAQAAgAXACMAAAAWAAAAFwAAAA0ABAACBAMAKwADAgMEAC0AAgEBADMARwBFABcAQQRC4K0s\
        ZB8ECldt6C0Gk+wYG555uBlbz0WbI24xTA/QYn1xg+OoCP07FDKmcGfSotdkoLYFR5abvMdKIhjozoQo
        """

    @Test func aShareOffTheCurveIsItsClientsFault() throws {
        let pair = try TLSPair()
        defer { pair.finish() }
        try pair.server.receive(#require(Data(base64Encoded: Self.offTheCurve)))
        #expect(pair.server.failure == TLSFailure(.malformed, "TLS handshake: point is not on curve"))
    }

    @Test func takesNoWriteBeforeItsEnd() throws {
        let pair = try TLSPair()
        defer { pair.finish() }
        #expect(throws: ChannelError.ioOnClosedChannel) { try pair.client.write([1]) }
    }

    @Test(arguments: ["other.test", "127.0.0.2"])
    func refusesACertificateOfAnotherName(_ host: String) throws {
        let pair = try TLSPair(host: host)
        defer { pair.finish() }
        try pair.exchange()
        #expect(pair.client.failure?.cause == .certificate && pair.client.failure?.isOtherName == true)
        let reason = "the certificate does not hold: it is for localhost, 127.0.0.1, not for \(host)"
        #expect(pair.client.failure?.reason == reason)
        #expect(pair.server.failure?.cause == .refusedByPeer)
        #expect(!pair.client.channel.isActive && !pair.server.channel.isActive)
    }

    /// Whoever answers wrote these names.
    @Test func tellsOfAStrangersNamesWhatATerminalBears() throws {
        let names = ["DNS:a\u{1B}[31m.test", "DNS:a.test"] + (1...5).map { "DNS:b\($0).test" }
        let pair = try TLSPair(TestAuthority.server([TestAuthority.certificate(names: names)]), host: "c.test")
        defer { pair.finish() }
        try pair.exchange()
        let told = "a.test, b1.test, b2.test, b3.test, b4.test and 2 more, not for c.test"
        #expect(pair.client.failure?.reason == "the certificate does not hold: it is for " + told)
    }

    @Test func takesACertificateOfAnAddress() throws {
        let pair = try TLSPair(host: "127.0.0.1")
        defer { pair.finish() }
        try pair.exchange()
        #expect(pair.client.failure == nil && pair.client.result != nil)
    }

    @Test func refusesACertificateOfAnotherAuthority() throws {
        let stranger = try TestAuthority()
        let pair = try TLSPair(authorities: stranger.file)
        defer { pair.finish() }
        try pair.exchange()
        #expect(pair.client.failure?.cause == .certificate)
        #expect(pair.server.failure?.cause == .refusedByPeer)
        #expect(pair.client.inbox.errors.count == 1)
    }

    @Test func choosesTheCertificateByName() throws {
        let certificates = try [
            TestAuthority.certificate(names: ["DNS:localhost"]), TestAuthority.certificate(names: ["DNS:b.test"]),
            TestAuthority.certificate(names: ["DNS:*.c.test"]),
        ]
        let server = try TestAuthority.server(certificates)
        for host in ["localhost", "b.test", "B.test", "x.c.test"] {
            let pair = try TLSPair(server, host: host)
            try pair.exchange()
            #expect(pair.client.failure == nil && pair.client.result != nil, "\(host)")
            pair.finish()
        }
        for host in ["c.test", "x.y.c.test", "unknown.test"] {
            let pair = try TLSPair(server, host: host)
            try pair.exchange()
            #expect(pair.client.failure?.cause == .certificate, "\(host)")
            pair.finish()
        }
    }

    @Test func changesItsCertificateAndDropsNobody() throws {
        let server = try TestAuthority.server([TestAuthority.certificate(names: ["DNS:localhost"])])
        let before = try TLSPair(server)
        defer { before.finish() }
        try before.exchange()
        try server.use([TestAuthority.certificate(names: ["DNS:new.test"])])
        let after = try TLSPair(server, host: "new.test")
        defer { after.finish() }
        try after.exchange()
        #expect(after.client.failure == nil && after.client.result != nil)
        try before.client.write([7])
        try before.exchange()
        #expect(before.server.inbox.bytes == [7])
    }
}

/// What a server makes of those who break the handshake.
@Suite struct BrokenHandshakeTests {
    private func server(within limit: TimeAmount? = .seconds(5)) throws -> TLSPair { try TLSPair(limit: limit) }

    @Test func tellsAPlainHTTPClientWhatThisPortSpeaks() throws {
        let pair = try server()
        defer { pair.finish() }
        try pair.server.receive(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        let answer = String(decoding: try pair.server.takeWire(), as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 400 ") && answer.contains("wss://"))
        #expect(pair.server.failure?.cause == .plainHTTP)
        pair.server.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!pair.server.channel.isActive)
    }

    @Test(arguments: [
        Array("\r\n\r\n hello, is this an SMTP server?".utf8), [22, 3, 1, 0, 5, 1, 0, 0, 1, 0],
        [UInt8](repeating: 0xFF, count: 40), [21, 3, 3, 0, 2, 2, 40],
    ])
    func endsGarbage(_ bytes: [UInt8]) throws {
        let pair = try server()
        defer { pair.finish() }
        #expect(throws: TLSFailure.self) {
            try pair.server.receive(bytes)
            try pair.server.channel.throwIfErrorCaught()
            throw pair.server.inbox.errors[0]
        }
        let cause = pair.server.failure?.cause
        #expect([.malformed, .version, .refusedByPeer].contains(cause), "\(String(describing: cause))")
        #expect(!pair.server.channel.isActive)
    }

    /// Whatever comes in place of a client's first flight, cut anywhere: an end with a cause, or a wait for more.
    @Test func survivesDamage() throws {
        let tls = try TestAuthority.server()
        let hello = try TLSPair(tls).client.takeWire()
        var random = SeededNumbers(state: 7)
        for _ in 0..<300 {
            let pair = try TLSPair(tls)
            var bytes = hello
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
            }
            for byte in bytes.prefix(.random(in: 1...bytes.count, using: &random)) { try pair.server.receive([byte]) }
            if let result = pair.server.result {
                #expect(!pair.server.channel.isActive)
                guard case .failure = result else {
                    Issue.record("a damaged first flight cannot be a handshake")
                    continue
                }
            }
            pair.finish()
        }
    }

    @Test func endsAHandshakeWithoutEnd() throws {
        let pair = try server()
        defer { pair.finish() }
        // Fragments of one handshake message that says it has 16 MiB.
        try pair.server.receive([22, 3, 1, 0, 4, 1, 255, 255, 255])
        let fragment = [22, 3, 1, 0x40, 0] + [UInt8](repeating: 0, count: 16_384)
        for _ in 0..<5 where pair.server.channel.isActive { try pair.server.receive(fragment) }
        #expect(pair.server.failure != nil)
        #expect(!pair.server.channel.isActive)
    }

    @Test func countsAHandshakeThatStalls() throws {
        let pair = try server()
        defer { pair.finish() }
        try pair.server.receive(pair.client.takeWire().prefix(20))
        pair.server.channel.embeddedEventLoop.advanceTime(by: .milliseconds(4_999))
        #expect(pair.server.channel.isActive)
        pair.server.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(pair.server.failure == TLSFailure.timeout)
        #expect(!pair.server.channel.isActive)
    }

    @Test func saysNothingOfAClientThatSaysNothing() throws {
        let (slow, gone) = (try server(), try server())
        slow.server.channel.embeddedEventLoop.advanceTime(by: .seconds(5))
        #expect(slow.server.result == nil && !slow.server.channel.isActive)
        try gone.server.channel.close().wait()
        #expect(gone.server.result == nil)
        slow.finish()
        gone.finish()
    }

    @Test func countsAHandshakeThatEndsHalfWay() throws {
        let pair = try server()
        defer { pair.finish() }
        try pair.server.receive(pair.client.takeWire())
        try pair.server.channel.close().wait()
        #expect(pair.server.failure == TLSFailure.closedInHandshake)
    }

    @Test func tellsAClientThatItsServerStalls() throws {
        let pair = try TLSPair()
        defer { pair.finish() }
        pair.client.channel.embeddedEventLoop.advanceTime(by: .seconds(5))
        #expect(pair.client.failure == TLSFailure.timeout)
        #expect(pair.client.inbox.errors.first as? TLSFailure == .timeout)
    }
}
