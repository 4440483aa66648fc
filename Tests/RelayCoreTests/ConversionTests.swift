import Compression
import RelayCore
import Testing
import WireProtocol

@Suite struct ConversionTests {
    /// One that is converted on the event loop, and one that is not.
    static let sizes = [600, 40_000]

    @Test(arguments: CompressionAlgorithm.allCases, sizes)
    func towardsTheSameAlgorithmItStaysAsItCame(algorithm: CompressionAlgorithm, size: Int) {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2).compresses(with: algorithm)
        let envelope = SampleEnvelope.compressed(SampleEnvelope.text(bytes: size), algorithm)
        sender.send(1, to: 2, .bestEffort, flags: .compressed, envelope: envelope)
        sender.send(2, to: 2, .atLeastOnce, flags: .compressed, envelope: envelope)
        simulation.run()
        recipient.acknowledge(2)
        simulation.rest()
        #expect(recipient.messages.map(\.rest) == [envelope, envelope])
        #expect(recipient.messages.allSatisfy { $0.flags.contains(.compressed) })
        #expect(simulation.log.work.isEmpty)
    }

    @Test(arguments: [nil, CompressionAlgorithm.lz4], sizes)
    func towardsAnotherOrNoneItIsInflated(algorithm: CompressionAlgorithm?, size: Int) {
        for loops in 1...2 {
            let simulation = Simulation(loops: loops)
            let sender = simulation.connect(1)
            let recipient = simulation.connect(2, on: loops - 1, isTracing: false)
            if let algorithm { _ = recipient.compresses(with: algorithm) }
            let original = SampleEnvelope.text(bytes: size)
            let envelope = SampleEnvelope.compressed(original, .zstd)
            sender.send(1, to: 2, .bestEffort, flags: .compressed, trace: true, envelope: envelope)
            sender.send(2, to: 2, .atLeastOnce, flags: .compressed, envelope: envelope)
            simulation.run()
            recipient.acknowledge(2)
            simulation.rest()
            #expect(recipient.numbers.sorted() == [1, 2])
            #expect(recipient.messages.map(\.envelope) == [original, original])
            #expect(recipient.messages.allSatisfy { $0.flags.contains(.compressed) == (algorithm != nil) })
            #expect(simulation.log.work.filter { $0.operation == .inflate }.map(\.algorithm) == [.zstd, .zstd])
            #expect(simulation.log.fates == [.delivered, .delivered])
        }
    }

    @Test(arguments: CompressionAlgorithm.allCases, sizes)
    func plainOnesAreCompressedForWhoAskedForIt(algorithm: CompressionAlgorithm, size: Int) {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2).compresses(with: algorithm)
        let original = SampleEnvelope.text(bytes: size)
        sender.send(1, to: 2, .bestEffort, envelope: original)
        sender.send(2, to: 2, .atLeastOnce, envelope: original)
        simulation.run()
        recipient.acknowledge(2)
        simulation.rest()
        #expect(recipient.numbers.sorted() == [1, 2])
        for message in recipient.messages {
            #expect(message.flags.contains(.compressed))
            #expect(message.rest.count < size / 2)
            #expect(message.envelope == original)
        }
        #expect(simulation.log.work.map(\.operation) == [.compress, .compress])
    }

    @Test func whatIsShortSealedOrNoisyIsNotCompressed() {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2).compresses(with: .zstd)
        var generator = SeededGenerator(seed: 7)
        let noise = (0..<2_000).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let sent = [SampleEnvelope.text(bytes: 256), SampleEnvelope.text(bytes: 2_000), noise]
        sender.send(1, to: 2, .bestEffort, envelope: sent[0])
        sender.send(2, to: 2, .bestEffort, flags: .encrypted, envelope: sent[1])
        sender.send(3, to: 2, .bestEffort, envelope: sent[2])
        simulation.rest()
        #expect(recipient.messages.map(\.rest) == sent)
        #expect(!recipient.messages.contains { $0.flags.contains(.compressed) })
        #expect(simulation.log.work.map(\.operation) == [.probe])
    }

    @Test func aQueuedMessageIsKeptAsItCame() {
        let simulation = Simulation()
        let original = SampleEnvelope.text(bytes: 30_000)
        let envelope = SampleEnvelope.compressed(original, .zstd)
        simulation.connect(1).send(1, to: 2, flags: .compressed, envelope: envelope)
        simulation.rest()
        #expect(simulation.store?.totals.bytes ?? .max < 1_000)
        simulation.crash()
        let recipient = simulation.connect(2)
        simulation.run()
        #expect(recipient.messages.map(\.envelope) == [original])
        recipient.acknowledge(1)
        simulation.rest()
        #expect(simulation.queued == 0)
    }
}

/// What follows a large envelope that is converted elsewhere.
@Suite struct ConversionOrderTests {
    @Test(arguments: [DeliveryMode.bestEffort, .atLeastOnce])
    func theLaneWaitsAndTheOthersGoOn(mode: DeliveryMode) {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        simulation.loops[0].holdsOffloaded = true
        let large = SampleEnvelope.text(bytes: 40_000)
        sender.send(1, to: 2, mode, flags: .compressed, envelope: SampleEnvelope.compressed(large, .zstd))
        sender.send(2, to: 2, mode, envelope: [2])
        sender.send(3, to: 2, mode, priority: 0, envelope: [3])
        sender.send(4, to: 2, mode, flags: .compressed, envelope: SampleEnvelope.compressed(large, .lz4))
        sender.send(5, to: 2, mode, envelope: [5])
        simulation.run()
        #expect(recipient.numbers == [3])
        // The second is through before the first.
        simulation.loops[0].finishOffloaded(last: true)
        simulation.run()
        #expect(recipient.numbers == [3])
        simulation.loops[0].finishOffloaded()
        simulation.run()
        #expect(recipient.numbers == [3, 1, 2, 4, 5])
        #expect(recipient.messages.map(\.envelope?.count) == [1, 40_000, 1, 40_000, 1])
        if mode == .atLeastOnce { recipient.acknowledge(1, 2, 3, 4, 5) }
        simulation.rest()
        #expect(simulation.log.fates.allSatisfy { $0 == .delivered })
    }

    @Test(arguments: [DeliveryMode.bestEffort, .atLeastOnce])
    func aConnectionThatClosesMeanwhileLosesNothingElse(mode: DeliveryMode) {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        simulation.loops[0].holdsOffloaded = true
        let envelope = SampleEnvelope.compressed(SampleEnvelope.text(bytes: 40_000), .zstd)
        for number in 1...3 { sender.send(number, to: 2, mode, flags: .compressed, envelope: envelope) }
        simulation.run()
        simulation.loops[0].finishOffloaded()
        simulation.loops[0].finishOffloaded()
        recipient.close()
        simulation.run()
        simulation.loops[0].holdsOffloaded = false
        simulation.rest()
        guard mode == .atLeastOnce else {
            return #expect(
                simulation.log.fates == [.dropped(.disconnected), .dropped(.disconnected), .dropped(.disconnected)]
            )
        }
        let again = simulation.connect(2)
        #expect(again.numbers == [1, 2, 3])
        again.acknowledge(1, 2, 3)
        simulation.rest()
    }

    @Test func whatExpiresMeanwhileIsNotSent() {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        simulation.loops[0].holdsOffloaded = true
        let envelope = SampleEnvelope.compressed(SampleEnvelope.text(bytes: 40_000), .zstd)
        sender.send(1, to: 2, .bestEffort, flags: .compressed, ttl: 1, envelope: envelope)
        simulation.advance(by: .seconds(2))
        simulation.loops[0].holdsOffloaded = false
        simulation.rest()
        #expect(recipient.numbers.isEmpty)
        #expect(simulation.log.fates == [.expired])
    }

    @Test func aLoopConvertsNoMoreThanItsBoundAtOnce() {
        var settings = RelaySettings()
        settings.conversionMaxBytes = 50_000
        let simulation = Simulation(settings: settings)
        let sender = simulation.connect(1)
        let recipients = [2, 3].map { simulation.connect($0) }
        simulation.loops[0].holdsOffloaded = true
        let envelope = SampleEnvelope.compressed(SampleEnvelope.text(bytes: 60_000), .zstd)
        for number in 1...6 {
            sender.send(number, to: 2 + number % 2, .bestEffort, flags: .compressed, envelope: envelope)
        }
        simulation.run()
        #expect(simulation.loops[0].offloadedCount == 1)
        #expect(simulation.log.conversionWaits == 2)
        for done in 1...6 {
            #expect(simulation.loops[0].offloadedCount == 1)
            simulation.loops[0].finishOffloaded()
            simulation.run()
            #expect(recipients.reduce(0) { $0 + $1.numbers.count } == done)
        }
        #expect(recipients.map(\.numbers) == [[2, 4, 6], [1, 3, 5]])
        simulation.rest()
    }

    /// Compressed they fit into the window of what is in flight; inflated they must not lie in memory all at once.
    @Test func aReaderThatStandsStillIsInflatedLittleFor() {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        recipient.completesFlushes = false
        let envelope = SampleEnvelope.compressed([UInt8](repeating: 0, count: 900_000), .zstd)
        #expect(envelope.count < 1_000)
        for number in 1...200 { sender.send(number, to: 2, flags: .compressed, envelope: envelope) }
        simulation.run()
        #expect(recipient.connection?.outbox.byteCount ?? .max < 4 << 20)
        recipient.completesFlushes = true
        recipient.completeFlush()
        simulation.run()
        #expect(recipient.numbers == Array(1...200))
        recipient.acknowledge(Array(1...200))
        simulation.rest()
    }
}
