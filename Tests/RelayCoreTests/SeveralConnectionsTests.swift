import RelayCore
import Testing
import WireProtocol

@Suite struct SeveralConnectionsTests {
    @Test(arguments: [1, 3]) func theNewestIsPrimaryUntilItCloses(loops: Int) {
        let simulation = Simulation(loops: loops)
        let sender = simulation.connect(1)
        let older = simulation.connect(2)
        let newer = simulation.connect(2, on: loops - 1)
        for mode in DeliveryMode.allCases { sender.send(Int(mode.rawValue), to: 2, mode) }
        simulation.run()
        #expect(older.numbers.isEmpty)
        #expect(Set(newer.numbers) == [1, 2, 3])
        newer.acknowledge([2, 3])
        newer.close()
        simulation.rest()
        for mode in DeliveryMode.allCases { sender.send(10 + Int(mode.rawValue), to: 2, mode) }
        simulation.run()
        #expect(Set(older.numbers) == [11, 12, 13])
        older.acknowledge([12, 13])
        simulation.rest()
        #expect(simulation.log.count(.delivered) == 6)
    }

    @Test(arguments: [1, 2]) func whatWasInFlightOnAClosedConnectionIsSentOnTheNext(loops: Int) {
        let simulation = Simulation(loops: loops)
        let sender = simulation.connect(1)
        let older = simulation.connect(2, on: loops - 1)
        let newer = simulation.connect(2)
        newer.completesFlushes = false
        for number in 1...3 { sender.send(number, to: 2) }
        simulation.run()
        newer.close()
        simulation.run()
        #expect(older.numbers == [1, 2, 3])
        older.acknowledge([1, 2, 3])
        simulation.rest()
        #expect(simulation.log.count(.delivered) == 3)
    }

    @Test func anAcknowledgementOnAnyOfThemCounts() {
        let simulation = Simulation(loops: 2)
        let sender = simulation.connect(1)
        let older = simulation.connect(2, on: 1)
        let newer = simulation.connect(2)
        sender.send(1, to: 2)
        simulation.run()
        #expect(newer.numbers == [1])
        older.acknowledge(1)
        simulation.rest()
        #expect(sender.acks.map(\.kind) == [.received])
    }

    @Test(arguments: [1, 2]) func tooManyAreRefused(loops: Int) {
        let simulation = Simulation(loops: loops)
        let accepted = (0..<5).map { simulation.connect(2, on: $0 % loops) }
        let refused = simulation.connect(2)
        #expect(accepted.allSatisfy { $0.isAccepted == true })
        #expect(refused.isAccepted == false)
        refused.close()
        simulation.run()
        let sender = simulation.connect(1)
        sender.send(1, to: 2, .bestEffort)
        simulation.run()
        #expect(accepted[4].numbers == [1])
        accepted[0].close()
        simulation.run()
        #expect(simulation.connect(2).isAccepted == true)
        simulation.rest()
    }

    @Test func aPressedConnectionIsStillPressedWhenItTakesOver() {
        var settings = RelaySettings()
        settings.outboxMaxBytes = 64 << 10
        let simulation = Simulation(settings: settings)
        let sender = simulation.connect(1)
        let older = simulation.connect(2)
        older.completesFlushes = false
        for number in 1...55 {
            sender.send(number, to: 2, .bestEffort, bytes: 900)
            simulation.run()
        }
        let newer = simulation.connect(2)
        newer.close()
        simulation.run()
        sender.send(100, to: 2)
        simulation.run()
        // Past the watermark it goes to the store, not into the outbox: there is nothing in flight to acknowledge.
        older.acknowledge(100)
        simulation.rest()
        #expect(simulation.log.count(.unknownAcknowledgement) == 1)
        #expect(simulation.queued == 1)
        #expect(sender.acks.map(\.kind) == [.queued])
        older.completesFlushes = true
        older.completeFlush()
        simulation.rest()
        #expect(older.numbers.last == 100)
    }
}
