import RelayCore
import Testing
import WireProtocol

/// `queue.enabled: false`: nothing outlives the connections.
@Suite struct WithoutQueueTests {
    @Test(arguments: [1, 2]) func theAbsentAreRefusedAndTheConnectedServed(loops: Int) {
        let simulation = Simulation(loops: loops, limits: nil)
        let sender = simulation.connect(1)
        sender.send(1, to: 2)
        simulation.run()
        #expect(sender.nacks.map(\.code) == [.recipientOffline])
        let recipient = simulation.connect(2, on: loops - 1)
        sender.send(2, to: 2)
        simulation.run()
        #expect(recipient.numbers == [2])
        recipient.acknowledge(2)
        simulation.rest()
        #expect(sender.acks.map(\.kind) == [.received])
        #expect(simulation.log.fates == [.dropped(.recipientOffline), .delivered])
    }

    @Test func exactlyOnceNeedsAQueue() {
        let simulation = Simulation(limits: nil)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        sender.send(1, to: 2, .exactlyOnce)
        simulation.rest()
        #expect(sender.nacks.map(\.code) == [.recipientOffline])
        #expect(recipient.numbers.isEmpty)
    }

    @Test func aFullWindowRefuses() {
        var settings = RelaySettings()
        settings.maxInFlightMessages = 2
        let simulation = Simulation(settings: settings, limits: nil)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        for number in 1...3 { sender.send(number, to: 2) }
        simulation.run()
        #expect(recipient.numbers == [1, 2])
        #expect(sender.nacks.map(\.code) == [.queueFull])
        recipient.acknowledge(1, 2)
        simulation.rest()
    }

    @Test func theLastConnectionTakesItsMessagesWithIt() {
        let simulation = Simulation(limits: nil)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        sender.send(1, to: 2)
        simulation.run()
        recipient.close()
        simulation.rest()
        #expect(sender.nacks.map(\.code) == [.recipientOffline])
        #expect(simulation.log.fates == [.dropped(.recipientOffline)])
    }

    @Test func anUnacknowledgedMessageIsGivenUpAfterItsLastAttempt() {
        let simulation = Simulation(limits: nil)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        sender.send(1, to: 2)
        simulation.advance(by: .seconds(300))
        #expect(recipient.numbers.count == 6)
        #expect(sender.nacks.map(\.code) == [.recipientOffline])
        simulation.rest()
    }
}
