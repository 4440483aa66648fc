import FoundationEssentials
import RelayCore
import Testing
import WireProtocol

/// Schedules drawn from seeds. The seed of one that fails is the argument of its test case;
/// `SCHEDULE_SEED=17 swift test --filter RandomScheduleTests` runs that one, `SCHEDULES=20000` more than CI does.
@Suite struct RandomScheduleTests {
    private static let seeds: ClosedRange<UInt64> = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["SCHEDULE_SEED"].flatMap(UInt64.init) { return seed...seed }
        return 1...(environment["SCHEDULES"].flatMap(UInt64.init) ?? 3_000)
    }()

    @Test(arguments: seeds) func holdsWhatItPromised(seed: UInt64) throws {
        let schedule = try #require(RandomSchedule(seed: seed))
        schedule.act(times: 150)
        schedule.settle()
        #expect(schedule.simulation.inFlight == 0)
        #expect(schedule.simulation.queued == 0)
        schedule.record.expectNothingPromisedIsLost()
        schedule.record.expectOneAnswerAnAttempt()
        if schedule.isSingle { schedule.record.expectOrder() }
        expectExactlyOnceIsRemembered(schedule)
    }

    /// Sent again after its recipient acknowledged it, an exactly-once message is acknowledged and not delivered.
    private func expectExactlyOnceIsRemembered(_ schedule: RandomSchedule) {
        for message in schedule.record.messages where message.mode == .exactlyOnce && message.isLasting {
            guard message.isPromised, let sender = schedule.connection(of: message.sender) else { continue }
            let before = schedule.record.received(by: message.recipient).count { $0 == message.number }
            let answers = sender.acks.count
            sender.send(
                message.number,
                to: message.recipient,
                .exactlyOnce,
                priority: message.priority,
                bytes: message.bytes
            )
            schedule.simulation.rest()
            #expect(sender.acks.count == answers + 1, "not acknowledged: \(message.number)")
            let after = schedule.record.received(by: message.recipient).count { $0 == message.number }
            #expect(after == before, "delivered again: \(message.number)")
        }
    }
}
