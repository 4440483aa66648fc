import Logging
import Testing

@testable import moltrelay

/// The state behind a reference: an expectation cannot change a value.
private final class Subject {
    private var state = LogLevelState(configured: .info)

    var level: Logger.Level { state.level }
    func reloaded(_ level: Logger.Level) { state.reloaded(level) }
    func set(_ level: Logger.Level, until time: UInt64) { state.set(level, until: time) }
    func reset() -> Bool { state.reset() }
    func timePassed(to now: UInt64) -> Bool { state.timePassed(to: now) }
}

@Suite struct LogLevelStateTests {
    @Test func `a level set by hand ends at its time`() {
        let state = Subject()
        state.set(.debug, until: 10)
        #expect(state.level == .debug)
        #expect(!state.timePassed(to: 9))
        #expect(state.level == .debug)
        #expect(state.timePassed(to: 10))
        #expect(state.level == .info)
        #expect(!state.timePassed(to: 11), "told once")
    }

    @Test func `a reload changes what is gone back to`() {
        let state = Subject()
        state.set(.debug, until: 10)
        state.reloaded(.error)
        #expect(state.level == .debug)
        #expect(state.timePassed(to: 10))
        #expect(state.level == .error)
        state.reloaded(.warning)
        #expect(state.level == .warning)
    }

    @Test func `setting it again outlives the first one's end`() {
        let state = Subject()
        state.set(.debug, until: 10)
        state.set(.error, until: 20)
        #expect(!state.timePassed(to: 10))
        #expect(state.level == .error)
        #expect(state.timePassed(to: 20))
    }

    @Test func `reset tells whether there was anything to reset`() {
        let state = Subject()
        #expect(!state.reset())
        state.set(.debug, until: 10)
        #expect(state.reset())
        #expect(state.level == .info)
        #expect(!state.timePassed(to: 10))
    }
}
