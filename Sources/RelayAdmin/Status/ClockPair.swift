import Telemetry

/// One moment on both clocks, to tell monotonic times as dates.
public struct ClockPair: Sendable, Equatable {
    /// Nanoseconds.
    public var monotonic: UInt64
    /// Nanoseconds since 1970.
    public var wallClock: Int64

    public init(monotonic: UInt64, wallClock: Int64) {
        self.monotonic = monotonic
        self.wallClock = wallClock
    }

    public func text(_ time: UInt64) -> String {
        let age = monotonic > time ? Int64(clamping: monotonic - time) : 0
        return RFC3339.string(unixMilliseconds: (wallClock - age) / 1_000_000)
    }
}
