import RelayCore
import Testing
import WireProtocol

@Suite struct ExactlyOnceTests {
    @Test(arguments: [1, 2]) func isStoredBeforeItsFirstWriteAndRemembered(loops: Int) throws {
        let simulation = Simulation(loops: loops)
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: loops - 1)
        store.isHeld = true
        sender.send(1, to: 2, .exactlyOnce)
        simulation.advance(by: .seconds(2))
        #expect(store.pendingCommits == 1)
        #expect(recipient.messages.isEmpty)
        #expect(sender.acks.isEmpty)
        store.isHeld = false
        store.answerAll()
        simulation.run()
        #expect(recipient.numbers == [1])
        recipient.acknowledge(1)
        simulation.rest()
        sender.send(1, to: 2, .exactlyOnce)
        simulation.rest()
        #expect(recipient.numbers == [1])
        #expect(sender.acks.map(\.number) == [1, 1])
        #expect(simulation.log.count(.dropped(.duplicate)) == 1)
    }

    @Test func aRetryWhileItsRemovalIsOnItsWayIsNotDeliveredAgain() throws {
        let simulation = Simulation()
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        sender.send(1, to: 2, .exactlyOnce)
        simulation.run()
        #expect(recipient.numbers == [1])
        store.isFailing = true
        recipient.acknowledge(1)
        simulation.advance(by: .milliseconds(100))
        store.isFailing = false
        sender.send(1, to: 2, .exactlyOnce)
        simulation.advance(by: .seconds(2))
        simulation.rest()
        #expect(sender.acks.count == 2)
        #expect(recipient.numbers == [1])
        #expect(simulation.queued == 0)
    }

    @Test func aRetryThatMeetsItsFirstCopyOnTheWayOutDoesNotStandForIt() throws {
        let simulation = Simulation()
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        sender.send(1, to: 2, .exactlyOnce)
        simulation.rest()
        store.isHeld = true
        let first = simulation.connect(2)
        // A commit under way: the next waits for it, or for the end of its window.
        sender.send(9, to: 3)
        simulation.run()
        sender.send(1, to: 2, .exactlyOnce)
        simulation.run()
        store.answer(all: .load)
        simulation.run()
        #expect(first.numbers == [1])
        first.acknowledge(1)
        simulation.run()
        store.isHeld = false
        store.answerAll()
        simulation.rest()
        #expect(sender.acks.map(\.number) == [1, 1, 9])
        first.close()
        simulation.rest()
        #expect(simulation.connect(2).numbers.isEmpty)
        #expect(simulation.queued == 1)
    }

    @Test func aFullMemoryOfKeysRefuses() {
        let simulation = Simulation(limits: QueueLimits(deduplicationMaxIDs: 1))
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        sender.send(1, to: 2, .exactlyOnce)
        simulation.rest()
        recipient.acknowledge(1)
        sender.send(2, to: 2, .exactlyOnce)
        simulation.rest()
        #expect(sender.nacks.map(\.code) == [.queueFull])
        #expect(recipient.numbers == [1])
    }

    @Test func orderHoldsAmongThem() {
        let simulation = Simulation(loops: 2)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: 1)
        for number in 1...20 {
            sender.send(number, to: 2, .exactlyOnce)
            simulation.advance(by: .milliseconds(1))
        }
        simulation.rest()
        #expect(recipient.numbers == Array(1...20))
    }
}
