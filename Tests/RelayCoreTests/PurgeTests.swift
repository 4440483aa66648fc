import NIOCore
import Synchronization
import Testing
import WireProtocol

@testable import RelayCore

@Suite final class PurgeTests: Sendable {
    private let purged = Mutex<[Result<Int, StoreFailure>]>([])

    private func purge(_ agent: Int, _ simulation: Simulation) {
        simulation.loops[0].relay?.purge(Names.agent(agent)) { result in self.purged.withLock { $0.append(result) } }
    }

    @Test(arguments: [1, 3]) func whatWaitsForTheAbsentIsDroppedAndNothingElse(loops: Int) {
        let simulation = Simulation(loops: loops)
        let sender = simulation.connect(1)
        for number in 1...2_500 {
            sender.send(number, to: 2)
            if number.isMultiple(of: 100) { simulation.advance(by: .milliseconds(5)) }
        }
        sender.send(9_000, to: 3)
        simulation.rest()
        let queued = simulation.queued
        purge(2, simulation)
        simulation.rest()
        #expect(purged.withLock { $0 } == [.success(queued - 1)])
        #expect(simulation.queued == 1)
        #expect(simulation.log.count(.dropped(.purged)) == queued - 1)
        #expect(simulation.connect(3).numbers == [9_000])
        #expect(simulation.connect(2).numbers == [])
    }

    @Test(arguments: [1, 2]) func whatIsInFlightIsDroppedOnceAndALateAcknowledgementIsNothing(loops: Int) {
        let simulation = Simulation(loops: loops)
        let sender = simulation.connect(1)
        sender.send(1, to: 2)
        simulation.rest()
        let recipient = simulation.connect(2, on: loops - 1)
        #expect(recipient.numbers == [1])
        purge(2, simulation)
        simulation.rest()
        #expect(simulation.log.fates == [.dropped(.purged)])
        recipient.acknowledge(1)
        simulation.advance(by: .seconds(600))
        #expect(simulation.log.fates == [.dropped(.purged)])
        #expect(recipient.numbers == [1])
    }

    @Test func aRemovalOnItsWayIsNoSecondFate() throws {
        let simulation = Simulation(loops: 2)
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        sender.send(1, to: 2)
        simulation.rest()
        let recipient = simulation.connect(2, on: 1)
        store.isHeld = true
        recipient.acknowledge(1)
        purge(2, simulation)
        simulation.advance(by: .milliseconds(200))
        store.isHeld = false
        store.answerAll()
        simulation.rest()
        #expect(simulation.log.fates == [.delivered])
        #expect(simulation.queued == 0)
    }

    @Test func aStoreThatFailsIsTold() throws {
        let simulation = Simulation()
        let store = try #require(simulation.store)
        let sender = simulation.connect(1)
        sender.send(1, to: 2)
        simulation.rest()
        store.isFailing = true
        purge(2, simulation)
        simulation.rest()
        guard case .failure = purged.withLock({ $0.first }) else {
            Issue.record("told as done")
            return
        }
        #expect(simulation.queued == 1)
    }
}

@Suite final class ImportTests: Sendable {
    private let outcomes = Mutex<[[ImportOutcome?]]>([])

    private func message(_ number: Int, to recipient: Int, expiresAt: UnixMilliseconds = .max) -> Message {
        let routing = RoutingHeader(
            sender: Names.agent(1),
            recipient: Names.agent(recipient),
            id: Names.id(number),
            timestamp: 0,
            delivery: DeliveryMode.atLeastOnce.rawValue
        )
        var payload = [UInt8](repeating: 0, count: RoutingHeader.byteCount + 10)
        payload.withUnsafeMutableBytes { routing.write(to: $0.baseAddress!) }
        return Message(
            routing: routing,
            flags: .ackRequested,
            payload: ByteBuffer(bytes: payload),
            acceptedAt: 0,
            expiresAt: expiresAt
        )
    }

    private func take(_ messages: [Message], _ simulation: Simulation) -> UInt32 {
        simulation.loops[0].relay!.take(messages) { outcomes in self.outcomes.withLock { $0.append(outcomes) } }
    }

    @Test(arguments: [1, 3]) func importedMessagesAreQueuedAndSettledAsAnyOther(loops: Int) {
        let simulation = Simulation(loops: loops)
        _ = take((1...5).map { message($0, to: $0 % 2 + 2) }, simulation)
        simulation.rest()
        #expect(outcomes.withLock { $0 } == [Array(repeating: .taken, count: 5)])
        #expect(simulation.queued == 5 && simulation.log.accepted == 5)
        let recipient = simulation.connect(2, on: loops - 1)
        #expect(recipient.numbers == [2, 4])
        for number in recipient.numbers { recipient.acknowledge(number) }
        simulation.rest()
        #expect(simulation.log.fates == [.delivered, .delivered])
    }

    @Test func theConnectedGetThemAtOnceAndASecondCopyIsNoSecondMessage() {
        let simulation = Simulation(loops: 2)
        let recipient = simulation.connect(3, on: 0)
        _ = take([message(1, to: 3), message(2, to: 2)], simulation)
        simulation.run()
        #expect(recipient.numbers == [1])
        recipient.acknowledge(1)
        simulation.rest()
        _ = take([message(2, to: 2)], simulation)
        simulation.rest()
        #expect(outcomes.withLock { $0 } == [[.taken, .taken], [.taken]])
        #expect(simulation.queued == 1)
        #expect(simulation.log.count(.dropped(.duplicate)) == 1)
    }

    @Test func aLimitRefusesAndWhatIsNotAnsweredStaysUnknown() throws {
        let limits = QueueLimits(maxMessagesPerAgent: 1, maxSharePerSender: 1)
        let simulation = Simulation(limits: limits)
        _ = take([message(1, to: 2), message(2, to: 2)], simulation)
        simulation.rest()
        #expect(outcomes.withLock { $0 } == [[.taken, .refused(.queueFull)]])
        let store = try #require(simulation.store)
        store.isHeld = true
        let batch = take([message(3, to: 4)], simulation)
        simulation.advance(by: .milliseconds(100))
        simulation.loops[0].relay?.endImport(batch)
        #expect(outcomes.withLock { $0.last } == [nil])
        store.isHeld = false
        store.answerAll()
        simulation.rest()
        #expect(outcomes.withLock { $0.count } == 2)
    }

    @Test func nothingToImportIsAnsweredAtOnce() {
        let simulation = Simulation()
        _ = take([], simulation)
        #expect(outcomes.withLock { $0 } == [[]])
    }
}
