import RelayCore
import Testing
import WireProtocol

@Suite struct AtLeastOnceTests {
    @Test(arguments: [1, 3]) func acknowledgedBeforeItsCommitIsNeverWritten(loops: Int) throws {
        let simulation = Simulation(loops: loops)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: loops - 1)
        sender.send(1, to: 2)
        simulation.run()
        #expect(recipient.numbers == [1])
        #expect(sender.acks.isEmpty)
        recipient.acknowledge(1, kind: .processed)
        simulation.run()
        #expect(sender.acks.map(\.kind) == [.processed])
        simulation.rest()
        let store = try #require(simulation.store)
        #expect(store.submittedPuts.isEmpty)
        #expect(store.submittedRemovals.isEmpty)
        #expect(simulation.log.elided == 1)
        #expect(simulation.log.fates == [.delivered])
    }

    @Test func acknowledgedDuringItsCommitIsRemovedAfterIt() throws {
        let simulation = Simulation(loops: 2)
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: 1)
        store.isHeld = true
        sender.send(1, to: 2)
        simulation.advance(by: .milliseconds(5))
        #expect(store.pendingCommits == 1)
        recipient.acknowledge(1)
        simulation.run()
        #expect(sender.acks.map(\.kind) == [.received])
        store.isHeld = false
        store.answerAll()
        simulation.rest()
        #expect(store.submittedPuts.count == 1)
        #expect(store.submittedRemovals.count == 1)
        #expect(simulation.queued == 0)
        #expect(sender.acks.count == 1)
    }

    @Test(arguments: [1, 2]) func forTheAbsentIsQueuedOnceItsCommitIsDurable(loops: Int) throws {
        let simulation = Simulation(loops: loops)
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        store.isHeld = true
        sender.send(1, to: 2)
        simulation.advance(by: .milliseconds(500))
        #expect(store.pendingCommits == 1)
        #expect(sender.acks.isEmpty)
        store.perform(0)
        simulation.run()
        #expect(sender.acks.isEmpty)
        store.answer(0)
        simulation.run()
        #expect(sender.acks.map(\.kind) == [.queued])
        store.isHeld = false
        store.answerAll()
        simulation.rest()
        #expect(simulation.queued == 1)
    }

    @Test(arguments: [1, 3]) func theQueueComesByLaneThenAgeAndLeavesOnAcknowledgementOnly(loops: Int) {
        let simulation = Simulation(loops: loops)
        let sender = simulation.connect(1)
        for (number, priority) in [(1, 128), (2, 255), (3, 0), (4, 64), (5, 128), (6, 192), (7, 0)] {
            sender.send(number, to: 2, priority: UInt8(priority))
            simulation.advance(by: .milliseconds(1))
        }
        simulation.rest()
        var recipient = simulation.connect(2, on: loops - 1)
        #expect(recipient.numbers == [3, 7, 4, 1, 5, 6, 2])
        recipient.close()
        simulation.rest()
        #expect(simulation.queued == 7)
        recipient = simulation.connect(2)
        #expect(recipient.numbers == [3, 7, 4, 1, 5, 6, 2])
        recipient.acknowledge([3, 4, 2])
        simulation.rest()
        #expect(simulation.queued == 4)
        recipient.acknowledge([7, 1, 5, 6])
        simulation.rest()
        #expect(simulation.queued == 0)
        #expect(simulation.log.count(.delivered) == 7)
    }

    @Test func isSentAgainThirtySecondsAfterItsWriteCompletedFiveTimes() {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        recipient.completesFlushes = false
        sender.send(1, to: 2)
        simulation.advance(by: .seconds(100))
        recipient.completeFlush()
        simulation.run()
        recipient.completesFlushes = true
        simulation.advance(by: .seconds(29))
        #expect(recipient.numbers == [1])
        simulation.advance(by: .seconds(2))
        #expect(recipient.numbers == [1, 1])
        simulation.advance(by: .seconds(1_000))
        #expect(recipient.numbers.count == 6)
        #expect(simulation.log.attempts == [1, 2, 3, 4, 5, 6])
        #expect(simulation.log.count(.redelivered) == 5)
        simulation.rest()
        #expect(simulation.queued == 1)
        let next = simulation.connect(2)
        #expect(next.numbers == [1])
        next.acknowledge(1)
        simulation.rest()
        #expect(simulation.queued == 0)
    }

    @Test(arguments: [1, 2]) func aRetryJoinsTheCopyThatIsNotSettled(loops: Int) {
        let simulation = Simulation(loops: loops)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: loops - 1)
        sender.send(1, to: 2)
        sender.send(1, to: 2)
        simulation.run()
        #expect(recipient.numbers == [1])
        recipient.acknowledge(1)
        simulation.rest()
        #expect(sender.acks.map(\.number) == [1, 1])
        #expect(simulation.log.count(.duplicateJoined) == 1)
        #expect(simulation.log.accepted == 1)
    }

    @Test func aRetryOfAQueuedMessageIsQueuedOnce() {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        for _ in 0..<3 {
            sender.send(1, to: 2)
            simulation.rest()
        }
        #expect(sender.acks.map(\.kind) == [.queued, .queued, .queued])
        #expect(simulation.queued == 1)
        let recipient = simulation.connect(2)
        #expect(recipient.numbers == [1])
        recipient.acknowledge(1)
        simulation.rest()
        #expect(simulation.queued == 0)
    }

    @Test(arguments: [true, false]) func aRetryOfAMessageThatWasGivenUpForNowStandsForIt(isAnsweredLate: Bool) throws {
        let simulation = Simulation()
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        sender.send(1, to: 2)
        simulation.advance(by: .seconds(300))
        #expect(recipient.numbers.count == 6)
        store.isHeld = isAnsweredLate
        sender.send(1, to: 2)
        simulation.advance(by: .milliseconds(10))
        #expect(recipient.numbers.count == 7)
        recipient.acknowledge(1)
        simulation.run()
        store.isHeld = false
        store.answerAll()
        simulation.rest()
        #expect(sender.acks.count == 2)
        #expect(simulation.log.count(.delivered) == 1)
        #expect(simulation.log.count(.dropped(.duplicate)) == 1)
        #expect(simulation.queued == 0)
    }

    @Test(arguments: [true, false]) func equalIDsOfTwoSendersAreNeverInFlightAtOnce(isQueued: Bool) {
        let simulation = Simulation(loops: 2)
        let senders = [simulation.connect(1), simulation.connect(3, on: 1)]
        var recipient = simulation.connect(2)
        if isQueued {
            recipient.close()
            simulation.run()
        }
        for sender in senders {
            sender.send(1, to: 2)
            simulation.rest()
        }
        if isQueued { recipient = simulation.connect(2) }
        simulation.advance(by: .seconds(3))
        #expect(recipient.messages.map(\.sender) == [1])
        recipient.acknowledge(1)
        simulation.advance(by: .seconds(3))
        #expect(recipient.messages.map(\.sender) == [1, 3])
        recipient.acknowledge(1)
        simulation.rest()
        #expect(simulation.log.count(.delivered) == 2)
        #expect(simulation.queued == 0)
    }

    @Test func anAcknowledgementOfWhatIsNotInFlightIsCountedAndIgnored() {
        let simulation = Simulation(loops: 2)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        let other = simulation.connect(3, on: 1)
        sender.send(1, to: 2)
        simulation.run()
        other.acknowledge(1)
        recipient.acknowledge(9)
        simulation.rest()
        #expect(simulation.log.count(.unknownAcknowledgement) == 2)
        #expect(simulation.log.fates.isEmpty)
        recipient.acknowledge(1, 1)
        simulation.rest()
        #expect(simulation.log.count(.unknownAcknowledgement) == 3)
        #expect(simulation.log.fates == [.delivered])
    }
}
