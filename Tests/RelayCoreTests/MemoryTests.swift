import RelayCore
import Testing
import WireProtocol

/// `limits.max_memory_bytes`: where it turns, and what a message meets then.
@Suite struct MemoryTests {
    @Test func turnsAtTwoMarksAndBackBelowThem() {
        var marks = MemoryWatermarks(ceiling: 1_000)
        let looks: [(bytes: Int, level: MemoryLevel)] = [
            (849, .normal), (850, .tight), (800, .tight), (949, .tight), (950, .full), (900, .full), (899, .tight),
            (949, .tight), (950, .full), (799, .normal), (849, .normal), (2_000, .full), (800, .tight), (0, .normal),
        ]
        var before = MemoryLevel.normal
        for (bytes, level) in looks {
            let hasTurned = marks.looked(bytes: bytes)
            #expect(hasTurned == (level != before), "\(bytes)")
            #expect(marks.level == level, "\(bytes)")
            before = level
        }
        marks.ceiling = nil
        _ = marks.looked(bytes: .max)
        #expect(marks.level == .normal)
    }

    @Test(arguments: DeliveryMode.allCases) func atTheCeilingNoMessageIsTaken(mode: DeliveryMode) {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        let recipient = simulation.connect(2)
        simulation.memory(is: .full)
        sender.send(1, to: 2, mode)
        simulation.run()
        #expect(recipient.numbers == [])
        if mode == .bestEffort {
            #expect(simulation.log.fates == [.dropped(.memory)])
            #expect(sender.nacks.isEmpty)
        } else {
            #expect(simulation.log.accepted == 0)
            #expect(sender.nacks.map(\.code) == [.queueFull])
            #expect(sender.nacks.first?.retryAfter == 5_000)
        }
        simulation.memory(is: .tight)
        sender.send(2, to: 2, mode)
        simulation.run()
        #expect(recipient.numbers == [2])
    }

    /// What was taken before goes on its way.
    @Test func whatWaitsIsDelivered() {
        let simulation = Simulation()
        let sender = simulation.connect(1)
        sender.send(1, to: 2, .atLeastOnce)
        simulation.advance(by: .seconds(1))
        simulation.memory(is: .full)
        let recipient = simulation.connect(2)
        simulation.run()
        #expect(recipient.numbers == [1])
        recipient.acknowledge([1])
        simulation.rest()
        #expect(simulation.log.fates == [.delivered])
    }
}
