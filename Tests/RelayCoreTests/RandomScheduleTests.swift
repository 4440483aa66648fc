import RelayCore
import Testing
import WireProtocol

/// 2,000 schedules; the seed of one that fails is the argument of its test case.
@Suite struct RandomScheduleTests {
    @Test(arguments: UInt64(1)...2_000) func holdsWhatItPromised(seed: UInt64) throws {
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
        for message in schedule.record.messages where message.mode == .exactlyOnce && message.ttl == 0 {
            let isPromised = message.attempts.contains { $0.acks.contains { $0.number == message.number } }
            guard isPromised, let sender = schedule.connection(of: message.sender) else { continue }
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
