import NIOCore
import RelayCore
import Testing
import WireProtocol

@testable import RelayTransport

/// How connections end, and that nothing of them stays.
@Suite struct ClosingTests {
    @Test(arguments: [1000, 1001, 3000, 4999]) func anAgentsCodeComesBack(code: UInt16) throws {
        let relay = try RelayUnderTest()
        let agent = try TestAgent.admitted(relay)
        try agent.sendClose(code)
        #expect(try agent.next() == .close(code))
        #expect(try agent.next() == .end)
        agent.socket.close()
        #expect(try relay.log.waitForClose() == [.agentClosed])
        #expect(relay.log.failures == [])
        #expect(relay.connections == 0)
    }

    @Test func aCloseWithoutACodeComesBackWithoutOne() throws {
        let relay = try RelayUnderTest()
        let agent = try TestAgent(relay)
        try agent.socket.write(WebSocketEncoder.masked(.close, payload: [], key: 1))
        #expect(try agent.next() == .close(nil))
        #expect(try agent.next() == .end)
    }

    @Test func anAgentClosesInAReadWithAMessageBehind() throws {
        let relay = try RelayUnderTest()
        let agent = try TestAgent.admitted(relay)
        let close = WebSocketEncoder.masked(.close, payload: [0x03, 0xE8], key: 1)
        let ping = WebSocketEncoder.masked(.ping, payload: [], key: 1)
        try agent.socket.write(close + ping + ping)
        #expect(try agent.next() == .close(1000))
        #expect(try agent.next() == .end)
    }

    @Test func textIsNoPartOfTheProtocol() throws {
        let relay = try RelayUnderTest()
        let agent = try TestAgent(relay)
        try agent.socket.write(WebSocketEncoder.masked(.text, payload: [0x61], key: 1))
        #expect(try agent.next() == .close(1003))
        agent.socket.close()
        #expect(try relay.log.waitForClose() == [.textMessage])
        #expect(relay.log.failures == [.protocolViolation])
    }

    /// Behind the last of what the agent sent before it read the relay's close.
    @Test func theAgentsAnswerIsFoundBehindItsMessages() throws {
        let relay = try RelayUnderTest()
        let agent = try TestAgent.admitted(relay)
        try agent.sendBinary(agent.frame(.hello, Array("{}".utf8)))
        #expect(try agent.next(.error).error?.fatal == true)
        #expect(try agent.next() == .close(1002))
        try agent.sendBinary(agent.message(to: agent.hash, [1, 2, 3]))
        try agent.sendClose(1002)
        #expect(try agent.next() == .end)
        #expect(try relay.log.waitForClose() == [.protocolViolation])
    }

    @Test(
        arguments: [
            ([0x82, 0x01, 0x00], 1002), ([0xC2, 0x80, 0, 0, 0, 0], 1002), ([0x83, 0x80, 0, 0, 0, 0], 1002),
            ([0x80, 0x80, 0, 0, 0, 0], 1002), ([0x88, 0x83, 0, 0, 0, 0, 0x03, 0xE8, 0xFF], 1007),
        ] as [([UInt8], UInt16)]
    )
    func whatIsNoWebSocketEndsWithItsCode(bytes: [UInt8], code: UInt16) throws {
        let relay = try RelayUnderTest()
        let agent = try TestAgent.admitted(relay)
        try agent.socket.write(bytes)
        #expect(try agent.next() == .close(code))
        #expect(try agent.next() == .end)
        #expect(try relay.log.waitForClose() == [.protocolViolation])
        #expect(relay.log.failures == [.protocolViolation])
    }

    @Test func anAgentThatEndsItsHalfIsLostWithoutFailure() throws {
        let relay = try RelayUnderTest()
        let agent = try TestAgent.admitted(relay)
        agent.socket.endWrites()
        #expect(try agent.next() == .end)
        #expect(try relay.log.waitForClose() == [.lost])
        #expect(relay.log.failures == [])
        #expect(relay.connections == 0)
    }

    enum Point: CaseIterable { case request, upgraded, hello, admitted, frame, fragment, closing }

    /// A reset in the middle of anything leaves no connection behind.
    @Test(arguments: Point.allCases) func resets(point: Point) throws {
        let relay = try RelayUnderTest()
        if point == .request {
            let socket = try TestSocket(port: relay.port)
            try socket.write("GET /v1/conn".utf8)
            try socket.reset()
        } else {
            try resetAgent(relay, at: point)
            try relay.log.waitForClose()
        }
        // It leaves after the other, so the other is gone from the tables when this one is.
        let last = try TestAgent.admitted(relay, name: "last")
        try last.sendClose(1000)
        #expect(try last.next() == .close(1000))
        last.socket.close()
        try relay.log.waitForClose(point == .request ? 1 : 2)
        #expect(relay.connections == 0)
        #expect(relay.outboxBytes == 0)
    }

    private func resetAgent(_ relay: RelayUnderTest, at point: Point) throws {
        let agent = try TestAgent(relay)
        switch point {
        case .request, .upgraded: break
        case .hello:
            try agent.send(
                Hello(extensions: [], agentIDHash: agent.hash, clientTime: 0, nonce: [UInt8](repeating: 1, count: 32))
            )
        case .admitted: _ = try agent.authenticate()
        case .frame:
            _ = try agent.authenticate()
            try agent.sendBinary(agent.message(to: agent.hash, [UInt8](repeating: 1, count: 100_000)).dropLast(1_000))
        case .fragment:
            _ = try agent.authenticate()
            try agent.socket.write([0x82, 0xFE, 0x10])
        case .closing:
            try agent.socket.write(WebSocketEncoder.masked(.text, payload: [], key: 1))
            #expect(try agent.next() == .close(1003))
        }
        try agent.socket.reset()
    }

    @Test func pingsAreAnswered() throws {
        let relay = try RelayUnderTest()
        let agent = try TestAgent(relay)
        try agent.socket.write(WebSocketEncoder.masked(.ping, payload: [1, 2, 3], key: 5))
        #expect(try agent.socket.read() == [0x8A, 3, 1, 2, 3])
    }

    /// A peer that pings and does not read: one pong in the socket, the latest behind it, nothing else.
    @Test func pongsDoNotPileUp() throws {
        // The agent never says HELLO, and a busy machine needs longer for 20 MB than a handshake may take.
        let session = SessionConfiguration(relayID: "relay", handshakeTimeout: .seconds(600))
        let relay = try RelayUnderTest(session: session)
        let agent = try TestAgent(relay, receiveBuffer: 4_096)
        let pings = (0..<20_000).flatMap { _ in
            WebSocketEncoder.masked(.ping, payload: [UInt8](repeating: 1, count: 125), key: 5)
        }
        for _ in 0..<8 { try agent.socket.write(pings) }
        try agent.socket.write(WebSocketEncoder.masked(.ping, payload: [2], key: 5))
        // 160,000 pongs would be 20 MB. The kernel's buffers hold what came before the socket was full, 4 MB, and as
        // much as 10 MB of pings that the relay reads, and answers, only while the agent reads already.
        let bound = 16 << 20
        var count = 0
        var tail: [UInt8] = []
        while !tail.elementsEqual([0x8A, 1, 2]), count < bound {
            let piece = try agent.socket.read()
            try #require(!piece.isEmpty, "the relay closed the connection")
            count += piece.count
            tail = Array((tail + piece).suffix(3))
        }
        #expect(count < bound)
    }
}
