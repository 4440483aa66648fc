import RelayCore
import Testing

@Suite struct SteadyClockTests {
    private static let start: UnixMilliseconds = 1_800_000_000_000
    private static let day: Int64 = 86_400_000
    private static let patience = SteadyClock.patience

    /// The system's clock is `error` milliseconds off what has passed since the start.
    private struct Machine {
        var elapsed: MonotonicNanoseconds = .seconds(77)
        var error: Int64 = 0
        var clock = SteadyClock(system: start, at: .seconds(77))

        var system: UnixMilliseconds { UnixMilliseconds(Int64(start + (elapsed - .seconds(77)) / 1_000_000) + error) }
        var time: UnixMilliseconds { clock.time(at: elapsed) }
        var passed: Int64 { Int64(time) - Int64(start) }

        mutating func pass(_ time: MonotonicNanoseconds) -> SteadyClock.Change? {
            elapsed += time
            return clock.observed(system: system, at: elapsed)
        }
    }

    @Test func goesWithTheSystemsClock() {
        var machine = Machine()
        for _ in 0..<1_000 { #expect(machine.pass(.milliseconds(250)) == nil) }
        #expect(machine.time == machine.system)
        #expect(machine.passed == 250_000)
    }

    @Test(arguments: [1, -1] as [Int64]) func aDayForthAndBackMovesNothing(sign: Int64) {
        var machine = Machine()
        machine.error = sign * Self.day
        #expect(machine.pass(.milliseconds(250)) == .jumped(milliseconds: sign * Self.day))
        #expect(machine.clock.aheadMilliseconds == sign * Self.day)
        for _ in 0..<100 { #expect(machine.pass(Self.patience / 101) == nil) }
        machine.error = 0
        #expect(machine.pass(.milliseconds(250)) == .returned)
        #expect(machine.time == machine.system)
        #expect(machine.clock.aheadMilliseconds == 0)
    }

    @Test(arguments: [Self.day, -Self.day, 5_000, -1_500]) func whatStaysIsFollowed(error: Int64) {
        var machine = Machine()
        machine.error = error
        #expect(machine.pass(.milliseconds(250)) == .jumped(milliseconds: error))
        #expect(machine.pass(Self.patience - .milliseconds(1)) == nil)
        #expect(Int64(machine.system) - Int64(machine.time) == error)
        #expect(machine.pass(.milliseconds(1)) == .followed(milliseconds: error))
        #expect(machine.time == machine.system)
        #expect(machine.pass(.milliseconds(250)) == nil)
    }

    /// A clock that does not stand by anything is not believed, however long it is off.
    @Test func patienceBeginsAnewWithEachJump() {
        var machine = Machine()
        for hour in 1...30 {
            machine.error = Int64(hour) * 3_600_000
            #expect(machine.pass(Self.patience - .seconds(1)) == .jumped(milliseconds: machine.error))
        }
        #expect(machine.passed == 30 * Int64((Self.patience - .seconds(1)) / 1_000_000))
    }

    @Test(arguments: [1_000, -1_000, 128] as [Int64]) func aSmallStepIsFollowedAtOnce(error: Int64) {
        var machine = Machine()
        machine.error = error
        #expect(machine.pass(.milliseconds(250)) == nil)
        #expect(machine.time == machine.system)
    }

    /// While it is doubted, the system's clock is slewed as any other.
    @Test func driftWhileDoubtedIsNoOtherJump() {
        var machine = Machine()
        machine.error = Self.day
        #expect(machine.pass(.milliseconds(250)) == .jumped(milliseconds: Self.day))
        for _ in 0..<99 {
            machine.error += 50
            #expect(machine.pass(Self.patience / 100) == nil)
        }
        machine.error += 50
        #expect(machine.pass(Self.patience / 100) == .followed(milliseconds: Self.day + 5_000))
    }

    @Test func aClockBeforeItsEpochIsNoTrap() {
        var clock = SteadyClock(system: 0, at: .seconds(100))
        #expect(clock.time(at: .seconds(1)) == 0)
        #expect(clock.observed(system: .max, at: .seconds(101)) != nil)
    }
}
