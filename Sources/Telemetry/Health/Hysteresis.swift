/// Turns a verdict only after so many results in a row on the other side of it, so that a flapping check flaps neither
/// probes nor pagers.
struct Hysteresis: Sendable {
    let failAfter: Int
    let passAfter: Int
    /// nil before the first result, which decides alone.
    private(set) var verdict: HealthVerdict?
    /// Results in a row worse (or better) than the verdict, and the nearest to it among them.
    private var streak: (count: Int, nearest: HealthVerdict) = (0, .pass)

    init(failAfter: Int, passAfter: Int) {
        self.failAfter = failAfter
        self.passAfter = passAfter
    }

    /// True where the verdict turned.
    mutating func observed(_ result: HealthVerdict) -> Bool {
        guard let verdict else { return turn(to: result) }
        guard result != verdict else {
            streak.count = 0
            return false
        }
        let isWorse = result > verdict
        if streak.count > 0, (streak.nearest > verdict) == isWorse {
            streak = (streak.count + 1, isWorse ? min(streak.nearest, result) : max(streak.nearest, result))
        } else {
            streak = (1, result)
        }
        guard streak.count >= (isWorse ? failAfter : passAfter) else { return false }
        return turn(to: streak.nearest)
    }

    /// At once, whatever came before. True where that is a change.
    mutating func turn(to verdict: HealthVerdict) -> Bool {
        defer {
            self.verdict = verdict
            streak.count = 0
        }
        return self.verdict != verdict
    }
}
