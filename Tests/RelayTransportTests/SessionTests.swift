import RelayCore
import Testing
import WireProtocol

@testable import RelayTransport

/// What time, drains and slow readers do to a connection.
@Suite struct SessionTests {
    @Test(arguments: [false, true]) func aHandshakeThatTakesTooLong(saysHello: Bool) throws {
        let session = SessionConfiguration(relayID: "relay", handshakeTimeout: .seconds(1))
        let relay = try RelayUnderTest(session: session)
        let agent = try TestAgent(relay)
        if saysHello {
            let nonce = [UInt8](repeating: 1, count: 32)
            try agent.send(Hello(extensions: [], agentIDHash: agent.hash, clientTime: 0, nonce: nonce))
            _ = try agent.next(.helloAck)
        }
        #expect(try agent.next() == .close(4002))
        agent.socket.close()
        #expect(try relay.log.waitForClose() == [.handshakeTimeout])
        #expect(relay.log.failures == [.handshakeTimeout])
    }

    @Test func anAgentThatSaysNothingIsAskedAndThenClosed() throws {
        let session = SessionConfiguration(
            relayID: "relay",
            keepaliveInterval: .milliseconds(100),
            keepaliveTimeout: .milliseconds(100),
            maxMissedPings: 2
        )
        let relay = try RelayUnderTest(session: session)
        let agent = try TestAgent.admitted(relay)
        for _ in 0..<2 { _ = try agent.next(.ping) }
        #expect(try agent.next() == .close(4003))
        agent.socket.close()
        #expect(try relay.log.waitForClose() == [.keepaliveTimeout])
    }

    @Test func aDrainTellsWhoIsThereAndTakesNothingNew() throws {
        let relay = try RelayUnderTest()
        let agent = try TestAgent.admitted(relay)
        let newcomer = try TestAgent(relay, name: "newcomer")
        try relay.onEveryLoop { relay in
            for connection in relay.openConnections {
                connection.drain(reconnectAfterMilliseconds: 70, alternateRelay: nil)
            }
        }
        #expect(try GoAway(json: agent.next(.goAway).payload).reconnectAfterMilliseconds == 70)
        #expect(try GoAway(json: newcomer.next(.goAway).payload).reconnectAfterMilliseconds == 70)
        #expect(try newcomer.next() == .close(1001))

        try agent.sendBinary(agent.message(to: agent.hash, [1], acknowledged: true))
        #expect(try agent.next(.nack).nack?.knownCode == .draining)

        try relay.onEveryLoop { relay in
            for connection in relay.openConnections { connection.disconnect(.drain(reconnectAfterMilliseconds: nil)) }
        }
        #expect(try agent.next() == .close(1001))
        agent.socket.close()
        newcomer.socket.close()
        #expect(try relay.log.waitForClose(2) == [.drain, .drain])
        #expect(relay.log.failures == [])
    }

    /// The recipient reads nothing. What the relay holds for it is bounded, whatever is sent; past the grace it is
    /// closed.
    @Test func aRecipientThatDoesNotRead() throws {
        var settings = RelaySettings()
        settings.outboxMaxBytes = 1 << 20
        settings.slowConsumerGrace = .milliseconds(500)
        let relay = try RelayUnderTest(settings: settings)
        let sender = try TestAgent.admitted(relay, name: "sender")
        let recipient = try TestAgent.admitted(relay, name: "recipient", receiveBuffer: 4_096)
        let envelope = [UInt8](repeating: 7, count: 16_000)
        while !relay.log.all.contains(.slowConsumerClosed) {
            try sender.sendBinary(sender.message(to: recipient.hash, envelope))
            #expect(relay.outboxBytes <= 2 << 20)
        }
        #expect(relay.log.all.contains(.senderPaused))
        #expect(try relay.log.waitForClose() == [.slowConsumer])
        #expect(relay.log.all.count { $0 == .slowConsumerClosed } == 1)
        #expect(relay.log.failures == [.slowConsumer])
        try sender.send(Ping(timestamp: 1, sequence: 1))
        _ = try sender.next(.pong)
        #expect(relay.outboxBytes == 0)
    }
}
