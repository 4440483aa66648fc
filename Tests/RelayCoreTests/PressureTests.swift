import RelayCore
import Testing
import WireProtocol

@Suite struct PressureTests {
    /// 64 KiB towards a connection, pressed past 48; messages of about 1 KiB.
    private static var settings: RelaySettings {
        var settings = RelaySettings()
        settings.outboxMaxBytes = 64 << 10
        return settings
    }
    private static let bytes = 1_024 - RoutingHeader.byteCount - FrameHeader.overhead - 4

    private func fill(
        _ recipient: SimulatedConnection,
        from sender: SimulatedConnection,
        _ numbers: ClosedRange<Int>,
        in simulation: Simulation
    ) {
        for number in numbers {
            sender.send(number, to: recipient.agent, .bestEffort, bytes: Self.bytes)
            simulation.run()
        }
    }

    @Test(arguments: [1, 2]) func aFullOutboxDrops(loops: Int) {
        let simulation = Simulation(loops: loops, settings: Self.settings)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: loops - 1)
        recipient.completesFlushes = false
        fill(recipient, from: sender, 1...100, in: simulation)
        #expect(simulation.log.count(.dropped(.outboxFull)) == 36)
        recipient.completesFlushes = true
        recipient.completeFlush()
        simulation.rest()
        #expect(recipient.numbers == Array(1...64))
    }

    @Test(arguments: [1, 2]) func pastTheWatermarkAtLeastOnceGoesToTheStore(loops: Int) {
        let simulation = Simulation(loops: loops, settings: Self.settings)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: loops - 1)
        recipient.completesFlushes = false
        fill(recipient, from: sender, 1...50, in: simulation)
        sender.send(101, to: 2)
        sender.send(102, to: 2)
        simulation.rest()
        #expect(sender.acks.map(\.kind) == [.queued, .queued])
        #expect(simulation.queued == 2)
        #expect(sender.isReading)
        recipient.completesFlushes = true
        recipient.completeFlush()
        simulation.rest()
        #expect(recipient.numbers.suffix(2) == [101, 102])
        recipient.acknowledge(101, 102)
        simulation.rest()
    }

    @Test func aLargeMessageIsNotOvertakenWhereTheOutboxIsNearlyFull() {
        let simulation = Simulation(settings: Self.settings)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        recipient.completesFlushes = false
        fill(recipient, from: sender, 1...47, in: simulation)
        // Below the watermark all of these are sent in one tick; the large one does not fit, smaller ones would.
        sender.send(101, to: 2, bytes: 10_000)
        sender.send(102, to: 2, bytes: 10_000)
        sender.send(103, to: 2, bytes: 10)
        simulation.rest()
        recipient.completesFlushes = true
        recipient.completeFlush()
        simulation.advance(by: .seconds(5))
        #expect(recipient.numbers.filter { $0 > 100 } == [101, 102, 103])
        recipient.acknowledge(101, 102, 103)
        simulation.rest()
        #expect(simulation.log.count(.delivered) == 50)
    }

    @Test(arguments: [1, 2]) func aBestEffortSenderIsPausedBrieflyAndSeldom(loops: Int) {
        let simulation = Simulation(loops: loops, settings: Self.settings)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: loops - 1)
        recipient.completesFlushes = false
        fill(recipient, from: sender, 1...60, in: simulation)
        #expect(!sender.isReading)
        simulation.advance(by: .milliseconds(9))
        #expect(!sender.isReading)
        simulation.advance(by: .milliseconds(1))
        #expect(sender.isReading)
        var paused = 10
        for _ in 0..<980 {
            if sender.isReading { sender.send(61, to: 2, .bestEffort, bytes: Self.bytes) }
            simulation.run()
            if !sender.isReading { paused += 1 }
            simulation.advance(by: .milliseconds(1))
        }
        #expect(paused == 100)
        #expect(simulation.log.count(.senderPaused) == 10)
        recipient.close()
        simulation.rest()
    }

    @Test func aSlowConsumerIsClosedAfterTheGraceOnce() {
        let simulation = Simulation(settings: Self.settings)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        recipient.completesFlushes = false
        fill(recipient, from: sender, 1...60, in: simulation)
        simulation.advance(by: .seconds(9))
        #expect(recipient.disconnects.isEmpty)
        simulation.advance(by: .seconds(5))
        #expect(recipient.disconnects == [.slowConsumer])
        #expect(simulation.log.count(.slowConsumerClosed) == 1)
        recipient.close(.slowConsumer)
        simulation.rest()
        #expect(simulation.log.count(.dropped(.disconnected)) == 60)
    }

    @Test func anOutboxThatEmptiedByExpiryIsPressedNoMore() {
        var settings = RelaySettings()
        settings.outboxMaxBytes = 1 << 20
        let simulation = Simulation(settings: settings)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        recipient.completesFlushes = false
        sender.send(1, to: 2, .bestEffort, bytes: 300_000)
        simulation.run()
        sender.send(2, to: 2, .bestEffort, bytes: 300_000)
        simulation.run()
        // These lie in their lane: the write buffer is full.
        for number in 3...6 { sender.send(number, to: 2, .bestEffort, ttl: 1, bytes: 100_000) }
        simulation.advance(by: .seconds(2))
        recipient.completeFlush()
        simulation.run()
        recipient.completeFlush()
        simulation.run()
        #expect(simulation.log.count(.expired) == 4)
        simulation.advance(by: .seconds(15))
        #expect(recipient.disconnects.isEmpty)
        recipient.completesFlushes = true
        sender.send(7, to: 2)
        simulation.run()
        #expect(recipient.numbers == [1, 2, 7])
        recipient.acknowledge(7)
        simulation.rest()
    }

    @Test func aReaderThatKeepsUpBelowTheMarkIsNoSlowConsumer() {
        var settings = RelaySettings()
        settings.outboxMaxBytes = 2 << 20
        let simulation = Simulation(settings: settings)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        recipient.completesFlushes = false
        var next = 0
        func send(_ count: Int) {
            for _ in 0..<count {
                next += 1
                sender.send(next, to: 2, .bestEffort, bytes: 100_000)
                simulation.run()
            }
        }
        send(18)
        #expect(simulation.log.count(.senderPaused) > 0)
        // A flush takes three; between half the mark and the mark for half a minute.
        for _ in 0..<3 {
            recipient.completeFlush()
            simulation.run()
        }
        for _ in 0..<30 {
            recipient.completeFlush()
            simulation.advance(by: .seconds(1))
            send(3)
        }
        #expect(recipient.disconnects.isEmpty)
        #expect(simulation.log.count(.dropped(.outboxFull)) == 0)
        recipient.close()
        simulation.rest()
    }

    @Test func controlFramesPastTheirAllowanceCloseTheConnection() {
        let simulation = Simulation(settings: Self.settings)
        let recipient = simulation.connect(2)
        recipient.completesFlushes = false
        for _ in 0..<1_000 { recipient.receiveControl(bytes: 1_000) }
        simulation.run()
        #expect(recipient.disconnects.isEmpty)
        for _ in 0..<500 { recipient.receiveControl(bytes: 1_000) }
        simulation.run()
        #expect(recipient.disconnects == [.slowConsumer])
        #expect(simulation.log.count(.slowConsumerClosed) == 1)
    }

    @Test func theBoundBetweenTwoLoopsHoldsTheSenderAndReleasesIt() {
        var settings = RelaySettings()
        settings.handOverMaxBytes = 64 << 10
        for mode in DeliveryMode.allCases {
            let simulation = Simulation(loops: 2, settings: settings)
            let sender = simulation.connect(1)
            _ = simulation.connect(3, on: 1)
            for number in 1...100 where sender.isReading {
                sender.send(number, to: 3, mode, bytes: 1_000)
            }
            #expect(!sender.isReading)
            simulation.run()
            #expect(sender.isReading)
            simulation.rest()
        }
    }
}
