import RelayCore
import Testing
import WireProtocol

/// What the observer hears of one message, by its identity, in the order it happened.
@Suite struct FactTests {
    private func names(_ simulation: Simulation) -> [String] {
        simulation.log.facts.map { fact in
            switch fact {
            case .accepted: "accepted"
            case .stored: "stored"
            case .written: "written"
            case .settled: "settled"
            }
        }
    }

    @Test func bestEffortIsThreeFacts() {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        _ = simulation.connect(2)
        sender.send(1, to: 2, .bestEffort)
        simulation.rest()
        #expect(names(simulation) == ["accepted", "written", "settled"])
        #expect(Set(simulation.log.identities).count == 1)
    }

    @Test func whatIsQueuedIsFour() throws {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        sender.send(1, to: 2, .atLeastOnce)
        simulation.rest()
        #expect(names(simulation) == ["accepted", "stored"])
        let recipient = simulation.connect(2)
        recipient.acknowledge(1)
        simulation.rest()
        #expect(names(simulation) == ["accepted", "stored", "written", "settled"])
        #expect(Set(simulation.log.identities).count == 1)
        guard case .settled(_, _, _, let fate, let wasQueued) = try #require(simulation.log.facts.last) else { return }
        #expect(fate == .delivered)
        #expect(wasQueued)
    }

    @Test func whatIsElidedIsNeverStored() {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        sender.send(1, to: 2, .atLeastOnce)
        simulation.run()
        recipient.acknowledge(1)
        simulation.rest()
        #expect(names(simulation) == ["accepted", "written", "settled"])
    }

    @Test func twoMessagesAreTwoIdentities() {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        _ = simulation.connect(2)
        _ = simulation.connect(3)
        sender.send(1, to: 2, .bestEffort)
        sender.send(2, to: 3, .bestEffort)
        simulation.rest()
        #expect(Set(simulation.log.identities).count == 2)
        #expect(Set(simulation.log.identities.map(\.recipient)).count == 2)
        #expect(Set(simulation.log.identities.map(\.sender)).count == 1)
    }

    @Test(arguments: [DeliveryMode.bestEffort, .atLeastOnce]) func aTraceContextIsTold(mode: DeliveryMode) {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        _ = simulation.connect(2)
        sender.send(1, to: 2, mode, bytes: 10, trace: true)
        sender.send(2, to: 2, mode, bytes: 10)
        simulation.run()
        #expect(simulation.log.traces == [TraceContext(traceID: (1, 2), parentID: 3, flags: 1)])
    }

    /// The context lies in the stored payload: it is told by whoever reads it there.
    @Test func aTraceContextOutlivesTheRelay() {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        sender.send(1, to: 2, .atLeastOnce, bytes: 10, trace: true)
        simulation.rest()
        #expect(simulation.log.traces.count == 1)
        simulation.crash()
        let recipient = simulation.connect(2)
        recipient.acknowledge(1)
        simulation.rest()
        // The log began anew with the relay.
        #expect(simulation.log.traces == [TraceContext(traceID: (1, 2), parentID: 3, flags: 1)])
    }
}
