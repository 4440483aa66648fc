import Testing
import WireProtocol

@testable import Identity

@Suite struct FailedAuthTableTests {
    private let second: UInt64 = 1_000_000_000

    private func key(_ agent: String, _ address: String = "192.0.2.1") -> FailedAuthTable.Key {
        .init(agent: AgentHash(agentID: agent), address: address)
    }

    @Test func takesTenAtOnceThenOneEverySixMinutes() {
        var table = FailedAuthTable()
        for _ in 0..<10 {
            #expect(table.retryAfter(key("a"), limit: 10, now: second) == nil)
            table.failed(key("a"), limit: 10, now: second)
        }
        #expect(table.retryAfter(key("a"), limit: 10, now: second) == 360_000)
        #expect(table.retryAfter(key("a"), limit: 10, now: 360 * second) == 1000)
        #expect(table.retryAfter(key("a"), limit: 10, now: 361 * second) == nil)
        table.failed(key("a"), limit: 10, now: 361 * second)
        #expect(table.retryAfter(key("a"), limit: 10, now: 361 * second) == 360_000)
    }

    @Test func oneAddressDoesNotLockAnAgentOutOfAnother() {
        var table = FailedAuthTable()
        for _ in 0..<10 { table.failed(key("a"), limit: 10, now: 0) }
        #expect(table.retryAfter(key("a"), limit: 10, now: 0) != nil)
        #expect(table.retryAfter(key("a", "192.0.2.2"), limit: 10, now: 0) == nil)
        #expect(table.retryAfter(key("b"), limit: 10, now: 0) == nil)
    }

    @Test func zeroIsNoLimit() {
        var table = FailedAuthTable()
        for _ in 0..<100 { table.failed(key("a"), limit: 0, now: 0) }
        #expect(table.retryAfter(key("a"), limit: 0, now: 0) == nil)
        #expect(table.count == 0)
    }

    @Test func aLimitOfOneTakesOneAnHour() {
        var table = FailedAuthTable()
        table.failed(key("a"), limit: 1, now: 0)
        #expect(table.retryAfter(key("a"), limit: 1, now: 0) == 3_600_000)
    }

    @Test func aFullTableCountsWhatItCannotTrackAndForgetsTheForgiven() {
        var table = FailedAuthTable()
        for index in 0..<FailedAuthTable.capacity { table.failed(key("\(index)"), limit: 10, now: 0) }
        table.failed(key("late"), limit: 10, now: second)
        #expect(table.untracked == 1)
        #expect(table.count == FailedAuthTable.capacity)
        table.failed(key("0"), limit: 10, now: second)
        #expect(table.untracked == 1)

        table.failed(key("later"), limit: 10, now: 361 * second)
        #expect(table.untracked == 1)
        #expect(table.count == 2)
    }

    @Test func aFullTableIsSweptOnceAMinute() {
        var table = FailedAuthTable()
        for index in 0..<FailedAuthTable.capacity { table.failed(key("\(index)"), limit: 10, now: 0) }
        table.failed(key("late"), limit: 10, now: 359 * second)
        table.failed(key("late"), limit: 10, now: 361 * second)
        #expect(table.untracked == 2)
        table.failed(key("late"), limit: 10, now: 419 * second)
        #expect(table.untracked == 2)
        #expect(table.count == 1)
    }
}
