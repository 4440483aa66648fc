import RelayCore
import Testing
import WireProtocol

@Suite struct LaneTests {
    private static let priorities: [Lane: UInt8] = [.critical: 0, .high: 64, .normal: 128, .low: 192, .bulk: 255]

    /// A recipient whose socket takes nothing and whose write buffer is full, so that messages wait in their lanes.
    private func stalled(_ loops: Int) -> (Simulation, SimulatedConnection, SimulatedConnection) {
        let simulation = Simulation(loops: loops)
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2, on: loops - 1)
        recipient.completesFlushes = false
        for _ in 0..<2 {
            sender.send(9_999, to: 2, .bestEffort, bytes: 300_000)
            simulation.run()
        }
        return (simulation, sender, recipient)
    }

    private func drained(_ recipient: SimulatedConnection, _ simulation: Simulation) -> [Lane] {
        recipient.completesFlushes = true
        recipient.completeFlush()
        simulation.rest()
        return recipient.messages.filter { $0.number != 9_999 }.map { $0.routing.lane(flags: $0.flags) }
    }

    @Test(arguments: [1, 2]) func criticalGoesFirst(loops: Int) {
        let (simulation, sender, recipient) = stalled(loops)
        for (number, priority) in [(1, 255), (2, 128), (3, 64), (4, 0), (5, 0)] {
            sender.send(number, to: 2, .bestEffort, priority: UInt8(priority))
        }
        simulation.run()
        let lanes = drained(recipient, simulation)
        #expect(lanes.prefix(2) == [.critical, .critical])
        #expect(recipient.numbers.suffix(5).prefix(2) == [4, 5])
        #expect(lanes.count == 5)
    }

    @Test func theOthersShareByWeight() {
        let (simulation, sender, recipient) = stalled(1)
        for lane in [Lane.bulk, .low, .normal, .high] {
            for number in 1...200 {
                sender.send(number, to: 2, .bestEffort, priority: Self.priorities[lane] ?? 0, bytes: 10)
            }
        }
        simulation.run()
        let lanes = drained(recipient, simulation)
        #expect(lanes.count == 800)
        for round in 0..<10 {
            let served = lanes[round * 20..<(round + 1) * 20]
            #expect(served.count { $0 == .high } == 10)
            #expect(served.count { $0 == .normal } == 6)
            #expect(served.count { $0 == .low } == 3)
            #expect(served.count { $0 == .bulk } == 1)
        }
        for priority in Self.priorities.values {
            let numbers = recipient.messages.filter { $0.routing.priority == priority && $0.number != 9_999 }
                .map(\.number)
            #expect(numbers == numbers.sorted())
        }
    }

    /// A queue of more than a write buffer, read in one page, and live messages beside it.
    @Test(arguments: [1, 2]) func theWeightsHoldWhileAQueueDrainsAndLiveMessagesCome(loops: Int) {
        let simulation = Simulation(loops: loops)
        let sender = simulation.connect(1)
        let lanes: [Lane] = [.high, .normal, .low, .bulk]
        var next = 0
        func sendEach(_ count: Int, _ mode: DeliveryMode) {
            for lane in lanes {
                for _ in 0..<count {
                    sender.send(next, to: 2, mode, priority: Self.priorities[lane] ?? 0, bytes: 3_000)
                    next += 1
                }
            }
        }
        sendEach(100, .atLeastOnce)
        simulation.rest()
        let recipient = simulation.dial(2, on: loops - 1)
        recipient.completesFlushes = false
        simulation.run()
        sendEach(60, .bestEffort)
        simulation.run()
        // AUTH_OK, then the write buffer: what was serialised before a lane held anything.
        for _ in 0..<2 {
            recipient.completeFlush()
            simulation.run()
        }
        let serialised = recipient.messages.count
        recipient.completesFlushes = true
        recipient.completeFlush()
        simulation.rest()
        #expect(recipient.messages.count == next)
        let served = recipient.messages.dropFirst(serialised).map { $0.routing.lane(flags: $0.flags) }
        for round in 0..<7 {
            let turns = served[round * 20..<(round + 1) * 20]
            #expect(lanes.map { lane in turns.count { $0 == lane } } == [10, 6, 3, 1])
        }
        for lane in lanes {
            let queued = recipient.numbers.filter { $0 < 400 && $0 / 100 == lanes.firstIndex(of: lane) }
            #expect(queued == queued.sorted())
        }
    }

    /// A queue of many windows: each page begins with the lane whose turn it is.
    @Test func theWeightsHoldOverALongQueue() {
        var settings = RelaySettings()
        settings.maxInFlightMessages = 20
        let simulation = Simulation(settings: settings, limits: QueueLimits(maxSharePerSender: 1))
        let sender = simulation.connect(1)
        let lanes: [Lane] = [.bulk, .low, .normal, .high]
        for lane in lanes {
            for number in 0..<300 {
                sender.send(1_000 * Int(lane.rawValue) + number, to: 2, priority: Self.priorities[lane] ?? 0)
            }
        }
        for number in 9_000..<9_010 { sender.send(number, to: 2, priority: 0) }
        simulation.rest()
        let recipient = simulation.connect(2)
        var counts: [Lane: Int] = [:]
        while recipient.messages.count < 410 {
            let before = recipient.messages.count
            recipient.acknowledge(Array(recipient.numbers.suffix(20)))
            simulation.run()
            guard recipient.messages.count > before else { break }
        }
        for message in recipient.messages.prefix(410) {
            counts[message.routing.lane(flags: message.flags), default: 0] += 1
        }
        #expect(recipient.numbers.prefix(10).elementsEqual(9_000..<9_010))
        // Ten of the first page's twenty were critical.
        #expect(counts[.critical] == 10)
        #expect(lanes.map { counts[$0] ?? 0 } == [20, 60, 120, 200])
    }

    @Test func anEmptyLaneGivesItsTurnAway() {
        let (simulation, sender, recipient) = stalled(1)
        for number in 1...50 { sender.send(number, to: 2, .bestEffort, priority: 255) }
        simulation.run()
        #expect(drained(recipient, simulation).count == 50)
    }

    @Test func answersGoBeforeMessages() {
        let (simulation, sender, recipient) = stalled(1)
        sender.send(1, to: 2, .bestEffort)
        recipient.receiveControl(bytes: 2)
        simulation.run()
        var seen: [Bool] = []
        recipient.onMessage = { _ in seen.append(recipient.controls.contains(.pong)) }
        recipient.completesFlushes = true
        recipient.completeFlush()
        simulation.rest()
        #expect(seen.last == true)
    }
}
