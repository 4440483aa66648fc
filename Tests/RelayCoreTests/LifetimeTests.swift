import RelayCore
import Testing
import WireProtocol

@Suite struct LifetimeTests {
    /// A page held the older copy, the retry was sent for it, and then word came that it had expired: the retry's own
    /// commit says what becomes of the retry.
    @Test(arguments: [DeliveryMode.exactlyOnce, .atLeastOnce])
    func aRetryIsAnsweredThoughTheCopyItWasSentForExpired(mode: DeliveryMode) throws {
        var limits = QueueLimits(maxSharePerSender: 1)
        // Exactly once its key is remembered; at least once there is no room for it.
        if mode == .atLeastOnce { limits.maxMessagesPerAgent = 1 }
        let simulation = Simulation(limits: limits)
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        sender.send(1, to: 2, mode, ttl: 5)
        simulation.rest()
        store.isHeld = true
        let recipient = simulation.connect(2)
        store.perform(store.pending - 1)
        simulation.advance(by: .seconds(6))
        if mode == .atLeastOnce { sender.send(2, to: 2) }
        sender.send(1, to: 2, mode, ttl: 5)
        simulation.advance(by: .milliseconds(10))
        store.answer(all: .load)
        simulation.run()
        #expect(recipient.numbers.first == 1)
        store.answer(all: .expire)
        simulation.run()
        #expect(simulation.log.count(.expired) == 1)
        store.isHeld = false
        store.answerAll()
        simulation.rest()
        let answers = sender.acks.map(\.number) + sender.nacks.map(\.number)
        #expect(answers.count { $0 == 1 } == 2)
        if mode == .atLeastOnce { #expect(sender.nacks.map(\.code) == [.queueFull]) }
        recipient.acknowledge(recipient.numbers.filter { $0 == 2 })
        simulation.rest()
    }

    /// Three messages of 200 kB fill a write buffer; what comes after them waits in its lane.
    private static func stall(_ recipient: SimulatedConnection, _ sender: SimulatedConnection, _ simulation: Simulation)
    {
        recipient.completesFlushes = false
        for number in 901...904 {
            sender.send(number, to: recipient.agent, .bestEffort, bytes: 200_000)
            simulation.run()
        }
    }

    @Test(arguments: [1, 2]) func endsInALane(loops: Int) {
        let simulation = Simulation(loops: loops)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: loops - 1)
        Self.stall(recipient, sender, simulation)
        sender.send(1, to: 2, .bestEffort, ttl: 1)
        sender.send(2, to: 2, .bestEffort, ttl: 60)
        simulation.advance(by: .milliseconds(1_500))
        recipient.completesFlushes = true
        recipient.completeFlush()
        simulation.rest()
        #expect(recipient.numbers == [901, 902, 903, 904, 2])
        #expect(simulation.log.count(.expired) == 1)
    }

    @Test(arguments: [1, 2]) func endsInTheWindowOfARelayWithoutAQueue(loops: Int) {
        let simulation = Simulation(loops: loops, limits: nil)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: loops - 1)
        sender.send(1, to: 2, ttl: 2)
        simulation.advance(by: .seconds(4))
        #expect(simulation.log.fates == [.expired])
        #expect(sender.nacks.map(\.code) == [.expired])
        recipient.acknowledge(1)
        simulation.rest()
        #expect(simulation.log.fates == [.expired])
    }

    @Test func endsOnItsWayToAnotherLoop() {
        let simulation = Simulation(loops: 2)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: 1)
        sender.send(1, to: 2, .bestEffort, ttl: 1)
        simulation.clock.now += .seconds(2)
        simulation.rest()
        #expect(recipient.numbers.isEmpty)
        #expect(simulation.log.fates == [.expired])
    }

    /// The store has not said yet that it is over.
    @Test func aRedeliveryPastItsTimeIsNotSent() throws {
        let simulation = Simulation()
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        sender.send(1, to: 2, ttl: 20)
        simulation.rest()
        #expect(sender.acks.map(\.kind) == [.queued])
        store.isHeld = true
        simulation.advance(by: .seconds(40))
        #expect(recipient.numbers == [1])
        store.isHeld = false
        store.answerAll()
        simulation.rest()
        #expect(simulation.log.fates == [.expired])
    }

    /// Behind a full window, under a commit that hangs.
    @Test func endsBehindOthers() throws {
        var settings = RelaySettings()
        settings.maxInFlightMessages = 1
        let simulation = Simulation(settings: settings)
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        store.isHeld = true
        sender.send(1, to: 2)
        sender.send(2, to: 2, ttl: 2)
        simulation.advance(by: .seconds(5))
        recipient.acknowledge(1)
        simulation.run()
        #expect(recipient.numbers == [1])
        store.isHeld = false
        store.answerAll()
        simulation.advance(by: .seconds(10))
        simulation.rest()
        #expect(recipient.numbers == [1])
        #expect(simulation.log.count(.expired) == 1)
        #expect(simulation.queued == 0)
    }

    @Test(arguments: [1, 2]) func endsInTheStoreOnce(loops: Int) {
        let simulation = Simulation(loops: loops)
        let sender = simulation.connect(1)
        sender.send(1, to: 2, ttl: 3)
        simulation.rest()
        #expect(sender.acks.map(\.kind) == [.queued])
        simulation.advance(by: .seconds(10))
        #expect(simulation.log.fates == [.expired])
        #expect(simulation.queued == 0)
        #expect(simulation.connect(2).numbers.isEmpty)
        simulation.rest()
    }

    @Test(arguments: [1, 2]) func endsInTheStoreWhileItIsInFlight(loops: Int) {
        let simulation = Simulation(loops: loops)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: loops - 1)
        sender.send(1, to: 2, ttl: 3)
        simulation.advance(by: .seconds(10))
        #expect(simulation.log.fates == [.expired])
        recipient.acknowledge(1)
        simulation.rest()
        #expect(simulation.log.fates == [.expired])
        #expect(simulation.log.count(.unknownAcknowledgement) == 1)
    }

    @Test func anAcknowledgedMessageExpiresNoSecondTimeWhileItsRemovalWaits() throws {
        let simulation = Simulation()
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        sender.send(1, to: 2, ttl: 3)
        simulation.rest()
        store.isHeld = true
        recipient.acknowledge(1)
        simulation.advance(by: .seconds(10))
        store.answer(all: .expire)
        simulation.run()
        store.isHeld = false
        store.answerAll()
        simulation.rest()
        #expect(simulation.log.fates == [.delivered])
    }

    @Test func endsInTheStoreBeforeTheAnswerToItsCommit() throws {
        let simulation = Simulation()
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        _ = simulation.connect(2)
        simulation.rest()
        store.isHeld = true
        sender.send(1, to: 2, ttl: 1)
        simulation.advance(by: .milliseconds(10))
        store.perform(0)
        simulation.advance(by: .seconds(6))
        store.answer(all: .expire)
        simulation.run()
        store.isHeld = false
        store.answerAll()
        simulation.rest()
        #expect(simulation.log.fates == [.expired])
        #expect(simulation.inFlight == 0)
    }

    @Test func aPageReadBeforeItsMessageWasRemovedDoesNotBringItBack() throws {
        let simulation = Simulation()
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        let older = simulation.connect(2)
        sender.send(1, to: 2, .exactlyOnce)
        simulation.rest()
        #expect(older.numbers == [1])
        store.isHeld = true
        let newer = simulation.connect(2)
        store.perform(0)
        older.acknowledge(1)
        simulation.advance(by: .milliseconds(100))
        store.answer(all: .commit)
        simulation.run()
        store.isHeld = false
        store.answerAll()
        simulation.rest()
        newer.acknowledge(newer.numbers)
        simulation.rest()
        #expect(newer.numbers.isEmpty)
        #expect(simulation.log.fates == [.delivered])
    }

    @Test func aRemovalThatFindsItsMessageExpiredSettlesItOnce() throws {
        let simulation = Simulation(loops: 2)
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        // Its home is loop 1; the word of expiries comes by way of loop 0.
        let recipient = simulation.connect(3, on: 1)
        sender.send(1, to: 3, ttl: 4)
        simulation.advance(by: .milliseconds(3_990))
        store.isHeld = true
        recipient.acknowledge(1)
        simulation.advance(by: .milliseconds(2_000))
        #expect(store.pending == 2)
        store.answer(all: .expire)
        store.answer(all: .commit)
        while recipient.loop.hasWork { recipient.loop.runOne() }
        simulation.run()
        store.isHeld = false
        store.answerAll()
        simulation.rest()
        #expect(simulation.log.fates == [.delivered])
    }
}
