import RelayCore
import Testing
import WireProtocol

/// AUTH_OK comes once every loop knows where the agent is.
@Suite struct RouteTests {
    /// Seeds pick whose turn it is, so that loops hear of a new agent in every order.
    @Test(arguments: UInt64(1)...200) func whoeverHasItsAuthOKIsFound(seed: UInt64) {
        let simulation = Simulation(loops: 3, seed: seed)
        let senders = (0..<3).map { simulation.connect(10 + $0, on: $0) }
        let recipient = simulation.dial(1, on: 2)
        while !recipient.controls.contains(.authOK), simulation.step() {}
        for (number, sender) in senders.enumerated() { sender.send(number, to: 1, .bestEffort) }
        simulation.rest()
        #expect(Set(recipient.numbers) == [0, 1, 2])
    }

    /// Best effort that came before the last loop knew waits behind AUTH_OK, as does what was queued.
    @Test(arguments: UInt64(1)...200) func nothingComesBeforeIt(seed: UInt64) {
        let simulation = Simulation(loops: 3, seed: seed)
        let senders = (0..<3).map { simulation.connect(10 + $0, on: $0) }
        senders[0].send(1_000, to: 1)
        simulation.rest()
        let recipient = simulation.dial(1, on: 2)
        var number = 0
        // A message before AUTH_OK fails in `SimulatedConnection`.
        while simulation.step() {
            guard number < 60 else { continue }
            senders[number % 3].send(number, to: 1, number % 2 == 0 ? .bestEffort : .atLeastOnce)
            number += 1
        }
        simulation.rest()
        #expect(recipient.numbers.contains(1_000))
        #expect(recipient.isAccepted == true)
    }

    /// It closes in the tick that announces it, and its home's word of that overtakes the announcement to a third loop.
    /// A route that stayed there would stay for ever: one for each agent that does so.
    @Test func anAnnouncementThatComesAfterTheEndLeavesNoRoute() {
        let simulation = Simulation(loops: 3)
        let (home, edge, third) = (simulation.loops[0], simulation.loops[1], simulation.loops[2])
        let sender = simulation.connect(10, on: 2)
        let lost = simulation.dial(3, on: 1)
        edge.rest()
        home.rest()
        // Takes `registered`, and announces.
        edge.runOne()
        lost.close()
        // Ends its tick and hands over to its home, but not yet to the third.
        edge.runOne()
        edge.runOne()
        home.rest()
        third.rest()
        simulation.rest()
        sender.send(1, to: 3, .bestEffort)
        // Alone: with a route the message would have to go on to the edge before anybody missed the connection.
        third.rest()
        #expect(simulation.log.fates == [.dropped(.recipientOffline)])
        simulation.rest()
    }

    @Test(arguments: UInt64(1)...50) func anAgentThatLeavesMeanwhileIsForgotten(seed: UInt64) {
        let simulation = Simulation(loops: 3, seed: seed)
        let sender = simulation.connect(10)
        let lost = simulation.dial(1, on: 2)
        for _ in 0..<Int(seed % 10) { simulation.step() }
        lost.close()
        simulation.rest()
        sender.send(1, to: 1, .bestEffort)
        simulation.rest()
        #expect(simulation.log.fates == [.dropped(.recipientOffline)])
    }
}
