import Compression
import RelayCore
import Testing
import WireProtocol

/// Envelopes that are not what the head before them says, towards a recipient that must have them inflated.
@Suite struct CompressionBombTests {
    struct Lie: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let envelope: [UInt8]
        let flaws: Set<CompressionFlaw>
    }

    static let lies = CompressionAlgorithm.allCases.flatMap { algorithm in
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        let text = SampleEnvelope.text(bytes: 40_000)
        let honest = SampleEnvelope.compressed(text, algorithm)
        return [
            Lie(
                "a megabyte said to be 300 bytes",
                SampleEnvelope.compressed(zeros, algorithm, claimedSize: 300),
                algorithm
            ),
            Lie(
                "a megabyte said to be 30,000 bytes",
                SampleEnvelope.compressed(zeros, algorithm, claimedSize: 30_000),
                algorithm
            ),
            Lie("less than it says", SampleEnvelope.compressed(text, algorithm, claimedSize: 41_000), algorithm),
            Lie("bytes behind the end", honest + [7], algorithm),
            Lie("cut short", Array(honest.dropLast(5)), algorithm),
            Lie("garbage", honest.prefix(5) + [UInt8](repeating: 0x5C, count: 500), algorithm),
            Lie("nothing behind the head", Array(honest.prefix(5)), algorithm),
        ]
    }

    @Test(arguments: lies, [DeliveryMode.bestEffort, .atLeastOnce])
    func theLieEndsWithItsSender(lie: Lie, mode: DeliveryMode) {
        for loops in 1...2 {
            let simulation = Simulation(loops: loops)
            let sender = simulation.connect(1)
            let recipient = simulation.connect(2, on: loops - 1)
            sender.send(1, to: 2, mode, flags: .compressed, envelope: lie.envelope)
            sender.send(2, to: 2, mode, envelope: [2])
            simulation.run()
            #expect(recipient.numbers == [2])
            if mode == .atLeastOnce { recipient.acknowledge(2) }
            simulation.rest()
            #expect(sender.unreadable.map(\.number) == [1])
            #expect(lie.flaws.isSuperset(of: sender.unreadable.map(\.flaw)))
            #expect(simulation.log.compressionFailures == sender.unreadable.map(\.flaw))
            #expect(simulation.log.fates.contains(.dropped(.unreadable)))
            #expect(simulation.queued == 0)
        }
    }

    @Test func inTheQueueItIsDroppedWhereverItsSenderIs() {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        let envelope = SampleEnvelope.compressed([UInt8](repeating: 0, count: 1 << 20), .zstd, claimedSize: 700)
        sender.send(1, to: 2, flags: .compressed, envelope: envelope)
        sender.send(2, to: 2, envelope: [2])
        simulation.rest()
        #expect(simulation.queued == 2)
        sender.close()
        let recipient = simulation.connect(2)
        #expect(recipient.numbers == [2])
        recipient.acknowledge(2)
        simulation.rest()
        #expect(simulation.queued == 0)
        #expect(simulation.log.fates.contains(.dropped(.unreadable)))
        #expect(sender.unreadable.isEmpty)
    }

    /// Whoever can read it itself is given it as it came: the relay has not looked.
    @Test func itIsNotLookedAtOnItsWayToTheSameAlgorithm() {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2).compresses(with: .zstd)
        let envelope = SampleEnvelope.compressed([UInt8](repeating: 0, count: 1 << 20), .zstd, claimedSize: 700)
        sender.send(1, to: 2, .bestEffort, flags: .compressed, envelope: envelope)
        simulation.rest()
        #expect(recipient.messages.map(\.rest) == [envelope])
        #expect(sender.unreadable.isEmpty)
    }
}

extension CompressionBombTests.Lie {
    /// Each algorithm has its own way of noticing; none of them gives the envelope out.
    init(_ name: String, _ envelope: [UInt8], _ algorithm: CompressionAlgorithm) {
        testDescription = "\(algorithm.name): \(name)"
        self.envelope = envelope
        flaws = [.size, .corrupt, .trailing]
    }
}
