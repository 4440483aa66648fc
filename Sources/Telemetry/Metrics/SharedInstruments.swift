// Instruments for threads that own no shard: atomic additions, 5 ns alone, 40 under contention.

/// A counter that any thread may add to.
public struct SharedCounter: Sendable {
    let cells: SeriesCells

    /// - Parameter count: whole ticks of the unit (nanoseconds where it is seconds).
    public func add(_ count: UInt64 = 1) { cells.shared.sharedAdd(count: count) }

    /// For a total that somebody else counts and a scrape only reads. A lower value than before is ignored.
    public func raise(to total: UInt64) { cells.shared.sharedRaise(to: total) }
}

/// A gauge that any thread may set.
public struct SharedGauge: Sendable {
    let cells: SeriesCells

    /// - Parameter value: in the unit.
    public func set(_ value: Double) { cells.shared.set(number: value) }
    public func add(_ value: Double) { cells.shared.sharedAdd(number: value) }
}

/// A histogram that any thread may observe into.
public struct SharedHistogram: Sendable {
    let cells: SeriesCells
    let layout: BucketLayout

    /// - Parameter ticks: nanoseconds where the unit is seconds.
    public func observe(_ ticks: UInt64, count: UInt64 = 1) {
        let cell = cells.shared
        cell.offset(layout.bucket(of: ticks)).sharedAdd(count: count)
        cell.offset(layout.boundCount + 1).sharedAdd(number: Double(ticks) * Double(count))
    }

    /// A value between ticks. What is below zero, or no number, counts into the first bucket or +Inf's.
    func observe(exact ticks: Double) {
        let whole = ticks > 0 ? UInt64(exactly: ticks.rounded(.up)) ?? .max : ticks.isNaN ? .max : 0
        let cell = cells.shared
        cell.offset(layout.bucket(of: whole)).sharedAdd(count: 1)
        cell.offset(layout.boundCount + 1).sharedAdd(number: ticks)
    }
}
