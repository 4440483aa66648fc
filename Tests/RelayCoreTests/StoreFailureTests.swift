import RelayCore
import Testing
import WireProtocol

@Suite struct StoreFailureTests {
    @Test(arguments: [1, 2]) func refusesForTheAbsentAndGoesOnForTheConnected(loops: Int) throws {
        let simulation = Simulation(loops: loops)
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: loops - 1)
        simulation.rest()
        store.isFailing = true
        sender.send(1, to: 3)
        sender.send(2, to: 2)
        sender.send(3, to: 2, .exactlyOnce)
        simulation.rest()
        #expect(Set(sender.nacks.map(\.number)) == [1, 3])
        #expect(sender.nacks.allSatisfy { $0.code == .storageUnavailable })
        #expect(recipient.numbers == [2])
        #expect(simulation.log.count(.dropped(.storageUnavailable)) == 2)
        sender.send(4, to: 2)
        simulation.run()
        recipient.acknowledge(2, 4)
        simulation.rest()
        #expect(sender.acks.map(\.number) == [2, 4])
        #expect(simulation.log.storeFailures > 0)
    }

    @Test func aRefusedMessageWhoseRecipientLeavesIsRefusedToItsSender() throws {
        let simulation = Simulation()
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        store.isFailing = true
        sender.send(1, to: 2)
        simulation.rest()
        #expect(sender.nacks.isEmpty)
        recipient.close()
        simulation.rest()
        #expect(sender.nacks.map(\.code) == [.storageUnavailable])
        #expect(simulation.log.fates == [.dropped(.storageUnavailable)])
    }

    /// In one batch: those of the other parts are queued, a removal of this one is tried again.
    @Test func aPartOfTheStoreFailsAlone() throws {
        let simulation = Simulation()
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        sender.send(1, to: 2)
        simulation.rest()
        let recipient = simulation.connect(2)
        store.failing = Names.agent(2)
        sender.send(2, to: 3)
        recipient.acknowledge(1)
        recipient.close()
        sender.send(3, to: 2)
        // What was acknowledged and not removed is in no books until it is.
        simulation.advance(by: .seconds(1))
        #expect(sender.acks.map(\.number) == [1, 2])
        #expect(sender.nacks.map(\.number) == [3] && sender.nacks.map(\.code) == [.storageUnavailable])
        #expect(simulation.log.storeFailures > 0 && simulation.queued == 2)
        store.failing = nil
        simulation.advance(by: .seconds(7))
        simulation.rest()
        #expect(simulation.queued == 1)
    }

    @Test func aFailedRemovalIsTriedAgain() throws {
        let simulation = Simulation()
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        sender.send(1, to: 2)
        simulation.rest()
        let recipient = simulation.connect(2)
        store.isFailing = true
        recipient.acknowledge(1)
        simulation.advance(by: .seconds(5))
        #expect(simulation.queued == 1)
        store.isFailing = false
        simulation.advance(by: .seconds(2))
        simulation.rest()
        #expect(simulation.queued == 0)
        #expect(simulation.log.fates == [.delivered])
    }

    @Test func aFailedReadingOfTheQueueIsTriedAgain() throws {
        let simulation = Simulation()
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        sender.send(1, to: 2)
        simulation.rest()
        store.isFailing = true
        let recipient = simulation.connect(2)
        simulation.advance(by: .seconds(3))
        #expect(recipient.numbers.isEmpty)
        store.isFailing = false
        simulation.advance(by: .seconds(2))
        #expect(recipient.numbers == [1])
        recipient.acknowledge(1)
        simulation.rest()
    }

    @Test(arguments: [1, 2]) func aRetryWhileItsRemovalFailsIsSettledOnce(loops: Int) throws {
        let simulation = Simulation(loops: loops)
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        sender.send(1, to: 2)
        simulation.rest()
        let recipient = simulation.connect(2, on: loops - 1)
        store.isFailing = true
        recipient.acknowledge(1)
        simulation.advance(by: .milliseconds(100))
        store.isFailing = false
        sender.send(1, to: 2)
        simulation.advance(by: .milliseconds(5))
        simulation.advance(by: .seconds(2))
        recipient.acknowledge(recipient.numbers)
        simulation.rest()
        #expect(sender.acks.count == 2)
        #expect(simulation.queued == 0)
        #expect(recipient.numbers == [1])
    }

    /// The recipient acknowledges before or after the retry's commit fails.
    @Test(arguments: [true, false]) func aRetryWhoseCommitFailsStandsForTheCopyThatIsStored(isEarly: Bool) throws {
        let simulation = Simulation()
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        sender.send(1, to: 2, .exactlyOnce)
        simulation.rest()
        store.isHeld = true
        sender.send(1, to: 2, .exactlyOnce)
        simulation.advance(by: .milliseconds(10))
        let recipient = simulation.connect(2)
        store.answer(all: .load)
        simulation.run()
        #expect(recipient.numbers == [1])
        if isEarly { recipient.acknowledge(1) }
        simulation.run()
        store.isFailing = true
        store.answer(all: .commit)
        store.isFailing = false
        store.isHeld = false
        store.answerAll()
        simulation.run()
        if !isEarly { recipient.acknowledge(1) }
        simulation.rest()
        #expect(simulation.log.fates.count == 2)
        #expect(simulation.queued == 0)
        #expect(sender.acks.count == 2)
    }

    @Test func aFullQueueRefuses() {
        let simulation = Simulation(limits: QueueLimits(maxMessagesPerAgent: 2, maxSharePerSender: 1))
        let sender = simulation.connect(1)
        for number in 1...3 { sender.send(number, to: 2) }
        simulation.rest()
        #expect(sender.acks.map(\.number) == [1, 2])
        #expect(sender.nacks.map(\.number) == [3])
        #expect(sender.nacks.map(\.code) == [.queueFull])
        #expect(simulation.log.fates == [.dropped(.queueFull)])
    }

    @Test func oneSenderHoldsNoMoreThanItsShare() {
        let simulation = Simulation(limits: QueueLimits(maxMessagesPerAgent: 10, maxSharePerSender: 0.1))
        let senders = [simulation.connect(1), simulation.connect(3)]
        for sender in senders {
            for number in 1...2 { sender.send(number, to: 2) }
        }
        simulation.rest()
        for sender in senders {
            #expect(sender.acks.map(\.number) == [1])
            #expect(sender.nacks.map(\.code) == [.queueFull])
        }
    }

    @Test func aStoreThatHangsIsGivenNoMoreThanItsBound() throws {
        var settings = RelaySettings()
        settings.maxCommittingBytes = 10_000
        let simulation = Simulation(settings: settings)
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        store.isHeld = true
        for number in 1...20 { sender.send(number, to: 2, bytes: 904) }
        simulation.advance(by: .seconds(1))
        #expect(sender.nacks.map(\.number) == Array(11...20))
        store.isHeld = false
        store.answerAll()
        simulation.rest()
        #expect(sender.acks.map(\.number) == Array(1...10))
    }
}
