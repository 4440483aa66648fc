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

    @Test func bestEffortIsTwoFacts() {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        _ = simulation.connect(2)
        sender.send(1, to: 2, .bestEffort)
        simulation.rest()
        #expect(names(simulation) == ["accepted", "settled"])
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
        let end = try #require(simulation.log.end)
        #expect(end.fate == .delivered)
        #expect(end.wasQueued)
    }

    /// The end alone tells the way: each stage after the one before it.
    @Test func theEndTellsTheWholeWay() throws {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        simulation.advance(by: .seconds(1))
        sender.send(1, to: 2, .atLeastOnce)
        simulation.advance(by: .seconds(31))
        recipient.acknowledge(1)
        simulation.rest()
        let end = try #require(simulation.log.end)
        let way = end.timeline
        #expect(end.attempts == 2)
        #expect(0 < way.received && way.received <= way.routed && way.routed < way.stored)
        #expect(way.stored < way.enqueued && way.enqueued <= way.written && way.written <= way.acknowledged)
    }

    @Test func aQueuedMessageIsRoutedWhenItComesOutOfTheStore() throws {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        sender.send(1, to: 2, .atLeastOnce)
        simulation.advance(by: .seconds(50))
        let recipient = simulation.connect(2)
        recipient.acknowledge(1)
        simulation.rest()
        let end = try #require(simulation.log.end)
        #expect(end.timeline.routed - end.timeline.received >= .seconds(49))
        #expect(end.timeline.written - end.timeline.routed < .seconds(1))
        #expect(end.attempts == 1)
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
