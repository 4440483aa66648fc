import RelayCore
import Testing
import WireProtocol

/// Protocol section 6: first deliveries, from one sending connection to one recipient, at one priority, in one class.
@Suite struct OrderTests {
    private static func settings(window: Int) -> RelaySettings {
        var settings = RelaySettings()
        settings.maxInFlightMessages = window
        return settings
    }

    @Test(arguments: [1, 2, 3]) func liveMessagesQueueBehindStoredOnes(loops: Int) {
        let simulation = Simulation(loops: loops, settings: Self.settings(window: 4))
        let sender = simulation.connect(1)
        for number in 1...10 { sender.send(number, to: 2) }
        simulation.rest()
        let recipient = simulation.dial(2, on: loops - 1)
        var next = 11
        recipient.onMessage = { message in
            recipient.acknowledge(message.number)
            // The queue drains while new messages come.
            if next <= 30 {
                sender.send(next, to: 2)
                next += 1
            }
        }
        simulation.advance(by: .seconds(2))
        #expect(recipient.numbers == Array(1...30))
        simulation.rest()
        #expect(simulation.queued == 0)
    }

    @Test(arguments: [1, 2]) func aFullWindowKeepsOrder(loops: Int) {
        let simulation = Simulation(loops: loops, settings: Self.settings(window: 4))
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: loops - 1)
        for number in 1...20 {
            sender.send(number, to: 2)
            simulation.advance(by: .milliseconds(1))
        }
        #expect(recipient.numbers == [1, 2, 3, 4])
        while let last = recipient.numbers.last, last < 20 {
            recipient.acknowledge(recipient.numbers)
            simulation.rest()
            guard recipient.numbers.last != last else { break }
        }
        #expect(recipient.numbers == Array(1...20))
    }

    @Test func whatWasOnItsWayToTheStoreStaysInOrderOverAReconnect() throws {
        let simulation = Simulation(loops: 2)
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        let lost = simulation.connect(2, on: 1)
        lost.completesFlushes = false
        store.isHeld = true
        for number in 1...3 {
            sender.send(number, to: 2)
            simulation.advance(by: .milliseconds(4))
        }
        lost.close()
        simulation.run()
        for number in 4...6 { sender.send(number, to: 2) }
        simulation.advance(by: .milliseconds(10))
        let recipient = simulation.connect(2, on: 1)
        sender.send(7, to: 2)
        simulation.run()
        store.isHeld = false
        store.answerAll()
        simulation.rest()
        #expect(recipient.numbers == [1, 2, 3, 4, 5, 6, 7])
    }

    /// Both are on their way to the store while their recipient comes back, and are sent from memory then.
    @Test func whatWasInFlightComesBeforeWhatWaitedBehindIt() throws {
        let simulation = Simulation(settings: Self.settings(window: 2))
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        let lost = simulation.connect(2)
        lost.completesFlushes = false
        store.isHeld = true
        for number in 1...4 {
            sender.send(number, to: 2)
            simulation.advance(by: .milliseconds(4))
        }
        lost.close()
        simulation.run()
        let recipient = simulation.connect(2)
        store.answer(all: .load)
        simulation.run()
        #expect(recipient.numbers == [1, 2])
        recipient.acknowledge(1, 2)
        simulation.run()
        #expect(recipient.numbers == [1, 2, 3, 4])
        store.isHeld = false
        store.answerAll()
        simulation.rest()
        #expect(recipient.numbers == [1, 2, 3, 4])
    }

    @Test func aLateAnswerToAnEarlierReadingOfTheQueueIsNotTakenForTheNewOne() throws {
        let simulation = Simulation()
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        store.isHeld = true
        let first = simulation.connect(2)
        let stale = store.pending - 1
        store.perform(stale)
        first.close()
        simulation.run()
        sender.send(1, to: 2)
        simulation.advance(by: .milliseconds(10))
        store.answer(all: .commit)
        simulation.run()
        #expect(sender.acks.map(\.kind) == [.queued])
        let second = simulation.connect(2)
        store.answer(stale)
        simulation.run()
        store.isHeld = false
        store.answerAll()
        simulation.rest()
        #expect(second.numbers == [1])
    }

    @Test func aCommitThatEndsLateHidesNothingStoredBeforeIt() throws {
        let simulation = Simulation(settings: Self.settings(window: 4))
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        let older = simulation.connect(2)
        sender.send(1, to: 2)
        simulation.advance(by: .seconds(300))
        store.isHeld = true
        for number in 2...4 { sender.send(number, to: 2) }
        simulation.advance(by: .milliseconds(10))
        // The window is too full for a page now; the queue is read from its start once it is not.
        let newer = simulation.connect(2)
        store.isHeld = false
        store.answerAll()
        simulation.run()
        older.acknowledge(2, 3, 4)
        simulation.rest()
        #expect(newer.numbers == [1])
    }
}
