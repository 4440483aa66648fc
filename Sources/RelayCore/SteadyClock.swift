/// The time of day that messages live by: what the system's clock said when the relay started, and what has passed
/// since. A step of the system's clock is believed only once the clock has stood by it, so that a clock that is a day
/// wrong for some minutes ends nobody's message.
public struct SteadyClock: Sendable {
    public enum Change: Sendable, Equatable {
        /// The system's clock left this one by so much.
        case jumped(milliseconds: Int64)
        /// It is back, or was never away for long enough.
        case returned
        /// It has stood where it is for `patience`: this clock has moved there.
        case followed(milliseconds: Int64)
    }

    /// Steps up to this are followed at once: corrections of a clock that is right but for a moment, and leap seconds.
    public static let toleranceMilliseconds: Int64 = 1_000
    public static let patience: MonotonicNanoseconds = .seconds(3_600)

    /// System's clock less elapsed time, in milliseconds, as this clock has it.
    private var offset: Int64
    private var doubted: (offset: Int64, since: MonotonicNanoseconds)?

    /// - Parameter elapsed: of a clock that never steps and goes on while the machine sleeps.
    public init(system: UnixMilliseconds, at elapsed: MonotonicNanoseconds) {
        offset = Self.offset(system, elapsed)
    }

    private static func offset(_ system: UnixMilliseconds, _ elapsed: MonotonicNanoseconds) -> Int64 {
        Int64(clamping: system) - Int64(elapsed / 1_000_000)
    }

    public func time(at elapsed: MonotonicNanoseconds) -> UnixMilliseconds {
        UnixMilliseconds(max(0, Int64(elapsed / 1_000_000) + offset))
    }

    /// How far the system's clock is ahead of this one.
    public var aheadMilliseconds: Int64 { (doubted?.offset ?? offset) - offset }

    /// To be called every moment with what the system's clock says.
    public mutating func observed(system: UnixMilliseconds, at elapsed: MonotonicNanoseconds) -> Change? {
        let seen = Self.offset(system, elapsed)
        if Self.isNear(seen, offset) {
            offset = seen
            defer { doubted = nil }
            return doubted == nil ? nil : .returned
        }
        guard let known = doubted, Self.isNear(seen, known.offset) else {
            doubted = (seen, elapsed)
            return .jumped(milliseconds: seen - offset)
        }
        doubted?.offset = seen
        guard elapsed >= known.since + Self.patience else { return nil }
        doubted = nil
        defer { offset = seen }
        return .followed(milliseconds: seen - offset)
    }

    private static func isNear(_ one: Int64, _ other: Int64) -> Bool { abs(one - other) <= toleranceMilliseconds }
}
