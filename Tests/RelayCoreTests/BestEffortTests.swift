import RelayCore
import Testing
import WireProtocol

@Suite struct BestEffortTests {
    @Test(arguments: [1, 2, 3]) func reachesAConnectedAgentOnAnyLoop(loops: Int) {
        let simulation = Simulation(loops: loops)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: loops - 1)
        #expect(sender.send(7, to: 2, .bestEffort, bytes: 300))
        simulation.run()
        #expect(recipient.numbers == [7])
        #expect(recipient.messages[0].sender == 1)
        #expect(recipient.messages[0].rest == [UInt8](repeating: 0xE7, count: 300))
        #expect(sender.acks.isEmpty)
        #expect(simulation.log.fates == [.delivered])
        simulation.rest()
    }

    @Test(arguments: [1, 2]) func toTheAbsentIsDropped(loops: Int) {
        let simulation = Simulation(loops: loops)
        let sender = simulation.connect(1)
        sender.send(7, to: 2, .bestEffort)
        simulation.rest()
        #expect(simulation.log.fates == [.dropped(.recipientOffline)])
        #expect(sender.nacks.isEmpty)
    }

    @Test(arguments: [1, 2]) func toTheDepartedIsDropped(loops: Int) {
        let simulation = Simulation(loops: loops)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: loops - 1)
        recipient.close()
        sender.send(7, to: 2, .bestEffort)
        simulation.rest()
        #expect(simulation.log.fates == [.dropped(.recipientOffline)])
    }

    @Test(arguments: [1, 2]) func aWrongChecksumIsNotTaken(loops: Int) {
        let simulation = Simulation(loops: loops)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: loops - 1)
        for mode in DeliveryMode.allCases {
            let routing = RoutingHeader(
                sender: Names.agent(1),
                recipient: Names.agent(2),
                id: Names.id(1),
                timestamp: 0,
                delivery: mode.rawValue
            )
            var frame = SampleFrame(routing, envelopeBytes: 64)
            frame.damage()
            #expect(!sender.send(frame))
        }
        simulation.rest()
        #expect(recipient.messages.isEmpty)
        #expect(simulation.log.accepted == 0)
        // The number of the frame that was not taken is given to the next.
        sender.send(2, to: 2, .bestEffort)
        simulation.run()
        #expect(recipient.numbers == [2])
    }

    @Test func whatADeadConnectionHeldIsDropped() {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        recipient.completesFlushes = false
        for number in 1...3 {
            sender.send(number, to: 2, .bestEffort)
            simulation.run()
        }
        recipient.close()
        simulation.rest()
        #expect(simulation.log.fates == [.dropped(.disconnected), .dropped(.disconnected), .dropped(.disconnected)])
    }

    @Test(arguments: [true, false]) func batchesOnlyTowardsAPeerThatNegotiatedIt(isBatching: Bool) {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, isBatching: isBatching)
        for number in 1...5 { sender.send(number, to: 2, .bestEffort) }
        simulation.run()
        #expect(recipient.numbers == [1, 2, 3, 4, 5])
        // AUTH_OK went alone.
        #expect(recipient.framesPerMessage == (isBatching ? [1, 5] : [1, 1, 1, 1, 1, 1]))
    }

    @Test(arguments: [true, false]) func traceContextGoesOnlyToAPeerThatKnowsIt(isTracing: Bool) {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, isTracing: isTracing)
        sender.send(1, to: 2, .bestEffort, bytes: 10, trace: true)
        sender.send(2, to: 2, .bestEffort, bytes: 10)
        sender.send(3, to: 2, .atLeastOnce, bytes: 10, trace: true)
        simulation.run()
        recipient.acknowledge(3)
        simulation.rest()
        #expect(recipient.numbers == [1, 2, 3])
        for message in recipient.messages where message.number != 2 {
            #expect(message.flags.contains(.traced) == isTracing)
            #expect(message.rest.count == (isTracing ? 36 : 10))
            #expect(message.rest.suffix(10) == [UInt8](repeating: 0xE7, count: 10)[...])
        }
    }
}
