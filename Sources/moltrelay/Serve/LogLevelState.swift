import Logging
import RelayCore

/// The configured level, and one set by hand that ends. A reload changes what is gone back to.
struct LogLevelState: Equatable {
    struct ByHand: Equatable {
        var level: Logger.Level
        var until: MonotonicNanoseconds
    }

    private(set) var configured: Logger.Level
    private(set) var byHand: ByHand?

    init(configured: Logger.Level) { self.configured = configured }

    var level: Logger.Level { byHand?.level ?? configured }

    mutating func reloaded(_ level: Logger.Level) { configured = level }

    mutating func set(_ level: Logger.Level, until: MonotonicNanoseconds) {
        byHand = ByHand(level: level, until: until)
    }

    /// False where no level was set by hand.
    mutating func reset() -> Bool {
        defer { byHand = nil }
        return byHand != nil
    }

    /// True where that was the end of the level set by hand: not where another was set since, which ends later.
    mutating func timePassed(to now: MonotonicNanoseconds) -> Bool {
        guard let byHand, now >= byHand.until else { return false }
        return reset()
    }
}
