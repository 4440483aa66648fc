import Listening
import NIOCore
import RelayCore
import Testing
import WireProtocol

@testable import RelayTransport

@Suite struct CensusTests {
    private func page(_ relay: RelayUnderTest, _ change: (inout ConnectionQuery) -> Void = { _ in }) throws
        -> ConnectionPage
    {
        var query = ConnectionQuery()
        change(&query)
        return try relay.loops.census(query, on: relay.loops.group.any()).wait()
    }

    @Test func `pages hold every connection of every loop once, the oldest first`() throws {
        let relay = try RelayUnderTest()
        let agents = try (0..<7).map { try TestAgent.admitted(relay, name: "agent \($0)") }
        var seen: [AgentHash?] = []
        var after: ConnectionPlace?
        for left in [7, 5, 3, 1] {
            let page = try page(relay) { ($0.limit, $0.after) = (2, after) }
            #expect(page.matching == left)
            seen += page.connections.map(\.agent)
            after = ConnectionPlace(text: try #require(page.connections.last).place.text)
        }
        #expect(seen == agents.map(\.hash))
        #expect(Set(try page(relay).connections.map(\.loop)) == [0, 1])
    }

    @Test func `what went over a connection is counted, and those with most come first`() throws {
        let relay = try RelayUnderTest()
        let alice = try TestAgent.admitted(relay, name: "alice")
        let bob = try TestAgent.admitted(relay, name: "bob")
        for _ in 0..<3 { try alice.sendBinary(alice.message(to: bob.hash, [1])) }
        for _ in 0..<3 { _ = try bob.next(.message) }
        try bob.send(Ping(timestamp: 1, sequence: 1))
        _ = try bob.next(.pong)

        let senders = try page(relay) { $0.order = .messagesIn }.connections
        #expect(senders.map(\.agent) == [alice.hash, bob.hash])
        #expect(senders.map(\.traffic.messagesIn) == [3, 0])
        let recipients = try page(relay) { $0.order = .messagesOut }.connections
        #expect(recipients.map(\.agent) == [bob.hash, alice.hash])
        #expect(recipients.map(\.traffic.messagesOut) == [3, 0])
        #expect(recipients.allSatisfy { $0.traffic.bytesIn > 0 && $0.traffic.bytesOut > 0 && $0.state == .open })
        let hash = bob.hash.uniformBits
        #expect(try page(relay) { $0.agent = hash }.connections.map(\.agent) == [bob.hash])
    }

    @Test func `an address keeps its own`() throws {
        let relay = try RelayUnderTest()
        let agent = try TestAgent.admitted(relay)
        let newcomer = try TestAgent(relay, name: "newcomer")
        let states = try page(relay) { $0.addresses = AddressBlock("127.0.0.0/8") }.connections.map(\.state)
        #expect(states == [.open, .handshake])
        #expect(try page(relay) { $0.addresses = AddressBlock("127.0.0.2") }.matching == 0)
        let session = try #require(try page(relay).connections.first?.session)
        #expect(try page(relay) { $0.session = session }.connections.map(\.agent) == [agent.hash])
        withExtendedLifetime(newcomer) {}
    }

    @Test func `who does not read is slow, lags, and has the fullest outbox`() throws {
        var settings = RelaySettings()
        settings.outboxMaxBytes = 1 << 20
        settings.slowConsumerGrace = .seconds(3_600)
        let relay = try RelayUnderTest(settings: settings)
        let sender = try TestAgent.admitted(relay, name: "sender")
        let recipient = try TestAgent.admitted(relay, name: "recipient", receiveBuffer: 4_096)
        let envelope = [UInt8](repeating: 7, count: 16_000)
        var slow: ConnectionReading?
        // Until the kernel takes no more.
        while slow.map({ $0.outboxBytes <= 3 << 18 }) ?? true {
            try sender.sendBinary(sender.message(to: recipient.hash, envelope))
            slow = try page(relay) { $0.isSlow = true }.connections.first
        }
        #expect(slow?.agent == recipient.hash)
        #expect(slow?.slowFor != nil && slow?.lag ?? 0 > 0)
        for order in [ConnectionQuery.Order.outbox, .lag] {
            let page = try page(relay) { ($0.order, $0.limit) = (order, 1) }
            #expect(page.connections.map(\.agent) == [recipient.hash])
            #expect(page.matching == 2)
        }
    }

    @Test func `an operator closes an agent's connections and no other`() throws {
        let relay = try RelayUnderTest()
        let alice = try TestAgent.admitted(relay, name: "alice")
        let bobs = try (0..<2).map { _ in try TestAgent.admitted(relay, name: "bob") }
        var query = ConnectionQuery()
        query.agent = bobs[0].hash.uniformBits
        let disconnect = Disconnect.operatorClosed(reconnectAfterMilliseconds: 70)
        let closed = try relay.loops.close(query, by: disconnect, on: relay.loops.group.any()).wait()
        #expect(closed.map(\.agent) == bobs.map(\.hash))
        for bob in bobs {
            #expect(try GoAway(json: bob.next(.goAway).payload).reconnectAfterMilliseconds == 70)
            #expect(try bob.next() == .close(4006))
            bob.socket.close()
        }
        #expect(try relay.log.waitForClose(2) == [.operatorClosed, .operatorClosed])
        #expect(relay.log.failures == [])
        try alice.send(Ping(timestamp: 1, sequence: 1))
        _ = try alice.next(.pong)
    }

    @Test func `a loop that does not turn is named`() throws {
        let relay = try RelayUnderTest()
        let loop = relay.loops.loops[1]
        let answer = relay.loops.ask(on: relay.loops.loops[0].eventLoop) {
            (relay, answer: @escaping @Sendable (Int) -> Void) in
            if relay.loop != loop.index { answer(relay.loop) }
        }
        #expect(throws: LoopSilent.self) { try answer.wait() }
    }
}
