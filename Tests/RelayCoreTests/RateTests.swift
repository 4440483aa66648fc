import RelayCore
import Testing
import WireProtocol

/// Protocol section 10: `limits.messages_per_agent_per_minute` and `limits.bytes_per_agent_per_minute`.
@Suite struct RateTests {
    private func rates(messages: Int = 0, bytes: Int = 0, capacity: Int = 8) throws -> MessageRates {
        try #require(MessageRates(messagesPerMinute: messages, bytesPerMinute: bytes, capacity: capacity))
    }

    @Test(arguments: DeliveryMode.allCases) func pastItAMessageIsRefusedAndNotAccepted(mode: DeliveryMode) throws {
        let simulation = Simulation(rates: try rates(messages: 3))
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        for number in 1...5 { sender.send(number, to: 2, mode) }
        simulation.run()
        #expect(sender.nacks.map(\.number) == [4, 5])
        #expect(sender.nacks.allSatisfy { $0.code == .rateLimited })
        #expect(simulation.log.accepted == 3)
        #expect(simulation.log.nacks == [.rateLimited, .rateLimited])
        if mode != .bestEffort { recipient.acknowledge([1, 2, 3]) }
        simulation.rest()
        #expect(recipient.numbers == [1, 2, 3])
    }

    /// Sent a millisecond before it says, a message is refused; then, taken.
    @Test(arguments: [7, 60, 1_000]) func theTimeItNamesIsTrue(perMinute: Int) throws {
        let simulation = Simulation(rates: try rates(messages: perMinute))
        let sender = simulation.connect(1)
        for number in 0...perMinute { sender.send(number, to: 2, .bestEffort) }
        simulation.advance(by: .milliseconds(3))
        let wait = try #require(sender.nacks.first?.retryAfter)
        #expect(sender.nacks.map(\.number) == [perMinute])
        #expect(wait == UInt64((60_000 + perMinute - 1) / perMinute))
        simulation.advance(by: .milliseconds(wait - 4))
        sender.send(2_000, to: 2, .bestEffort)
        simulation.advance(by: .milliseconds(1))
        sender.send(2_001, to: 2, .bestEffort)
        simulation.run()
        #expect(sender.nacks.map(\.number) == [perMinute, 2_000])
    }

    @Test func aMinuteBringsAMinutesMessagesAndNoMore() throws {
        let simulation = Simulation(rates: try rates(messages: 20))
        let sender = simulation.connect(1)
        var number = 0
        for _ in 0..<300 {
            sender.send(number, to: 2, .bestEffort)
            number += 1
            simulation.advance(by: .seconds(1))
        }
        // The bucket it began with, and one every three seconds of the 299.
        #expect(simulation.log.accepted == 20 + 99)
    }

    @Test func bytesCountByTheFrame() throws {
        let simulation = Simulation(rates: try rates(bytes: 1_000))
        let sender = simulation.connect(1)
        // 17 + 96 + 387 + 4 bytes: the second is 8 bytes over.
        sender.send(1, to: 2, .bestEffort, bytes: 387)
        sender.send(2, to: 2, .bestEffort, bytes: 387)
        simulation.run()
        #expect(sender.nacks.map(\.retryAfter) == [480])
        sender.send(3, to: 2, .bestEffort, bytes: 379)
        simulation.run()
        #expect(simulation.log.accepted == 2)
        #expect(sender.nacks.count == 1)
    }

    /// It could never go otherwise; what it was over is owed afterwards.
    @Test func aMessageLargerThanTheBucketTakesAFullOne() throws {
        let simulation = Simulation(rates: try rates(messages: 100, bytes: 1_000))
        let sender = simulation.connect(1)
        sender.send(1, to: 2, .bestEffort, bytes: 2_000 - 117)
        sender.send(2, to: 2, .bestEffort, bytes: 0)
        simulation.run()
        #expect(sender.nacks.map(\.number) == [2])
        let owed = UInt64(60_000 + 117 * 60)
        #expect(sender.nacks.first?.retryAfter == owed)
        simulation.advance(by: .milliseconds(owed))
        sender.send(3, to: 2, .bestEffort, bytes: 0)
        simulation.run()
        #expect(simulation.log.accepted == 2)
    }

    @Test(arguments: [1, 3]) func connectionsOfOneAgentShareIt(loops: Int) throws {
        let simulation = Simulation(loops: loops, rates: try rates(messages: 4))
        let connections = (0..<3).map { simulation.connect(1, on: $0 % loops) }
        let other = simulation.connect(2)
        for number in 0..<9 { connections[number % 3].send(number, to: 3, .bestEffort) }
        for number in 10..<14 { other.send(number, to: 3, .bestEffort) }
        simulation.run()
        #expect(simulation.log.accepted == 8)
        #expect(connections.map(\.nacks.count).reduce(0, +) == 5)
        #expect(other.nacks.isEmpty)
    }

    @Test func leavingAndComingBackFillsNoBucket() throws {
        let simulation = Simulation(rates: try rates(messages: 2))
        let first = simulation.connect(1)
        for number in 0..<2 { first.send(number, to: 2, .bestEffort) }
        first.close()
        simulation.run()
        let second = simulation.connect(1)
        second.send(2, to: 2, .bestEffort)
        simulation.run()
        #expect(second.nacks.map(\.code) == [.rateLimited])
        second.close()
        simulation.advance(by: .seconds(60))
        let third = simulation.connect(1)
        for number in 3..<5 { third.send(number, to: 2, .bestEffort) }
        simulation.run()
        #expect(third.nacks.isEmpty)
    }

    /// A crowd must not lock others out of the table, nor go unlimited.
    @Test func aFullTableLimitsAConnectionByItself() throws {
        let simulation = Simulation(rates: try rates(messages: 1, capacity: 2))
        let known = (1...2).map { simulation.connect($0) }
        let crowd = (0..<2).map { _ in simulation.connect(3) }
        #expect(simulation.log.count(.rateUntracked(.messagesPerAgentPerMinute)) == 2)
        for connection in crowd + known {
            for number in 0..<3 { connection.send(connection.agent * 10 + number, to: 9, .bestEffort) }
        }
        simulation.run()
        #expect((known + crowd).map(\.nacks.count) == [2, 2, 2, 2])
        for connection in known + crowd { connection.close() }
        // Their buckets are full again, and make room.
        simulation.advance(by: .seconds(60))
        for agent in 3...4 { _ = simulation.connect(agent) }
        #expect(simulation.log.count(.rateUntracked(.messagesPerAgentPerMinute)) == 2)
    }

    @Test func aNewLimitHoldsForConnectionsThatAreOpen() throws {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        for number in 0..<5 { sender.send(number, to: 2, .bestEffort) }
        simulation.loops[0].relay?.limit(by: try rates(messages: 1))
        for number in 5..<7 { sender.send(number, to: 2, .bestEffort) }
        simulation.run()
        #expect(sender.nacks.map(\.number) == [6])
        simulation.loops[0].relay?.limit(by: nil)
        for number in 7..<9 { sender.send(number, to: 2, .bestEffort) }
        simulation.run()
        #expect(sender.nacks.count == 1)
    }

    @Test func aWrongChecksumPastItIsNotTakenForAMessage() throws {
        let simulation = Simulation(rates: try rates(messages: 1))
        let sender = simulation.connect(1)
        sender.send(1, to: 2, .bestEffort)
        let routing = RoutingHeader(
            sender: Names.agent(1),
            recipient: Names.agent(2),
            id: Names.id(2),
            timestamp: 0,
            ttl: 0,
            priority: 128,
            delivery: 1
        )
        var frame = SampleFrame(routing, envelopeBytes: 64)
        frame.damage()
        #expect(!sender.send(frame))
        simulation.run()
        #expect(sender.nacks.isEmpty)
    }
}
