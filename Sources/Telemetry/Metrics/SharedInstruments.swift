// Instruments for threads that own no shard: atomic additions, 5 ns alone, 40 under contention.

/// A counter that any thread may add to.
public struct SharedCounter: Sendable {
    let cells: SeriesCells

    /// - Parameter count: whole ticks of the unit (nanoseconds where it is seconds).
    public func add(_ count: UInt64 = 1) { cells.shared.sharedAdd(count: count) }

    /// For a total that somebody else counts and a scrape only reads. A lower value than before is ignored.
    public func raise(to total: UInt64) { cells.shared.sharedRaise(to: total) }

    /// What was added by way of this kind of instrument.
    var total: UInt64 { cells.shared.count }
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
    /// nil where the caller has none to give.
    let exemplars: ExemplarCells?

    /// - Parameter ticks: nanoseconds where the unit is seconds.
    public func observe(_ ticks: UInt64, count: UInt64 = 1) {
        let cell = cells.shared
        cell.offset(layout.cell(of: ticks) + 1).sharedAdd(count: count)
        cell.sharedAdd(number: Double(ticks) * Double(count))
    }

    public func observe(_ ticks: UInt64, exemplar: Exemplar) {
        observe(ticks)
        keep(exemplar, of: ticks)
    }

    /// For an observation that was counted already, once it is known that its trace is kept.
    public func keep(_ exemplar: Exemplar, of ticks: UInt64) {
        exemplars?.keep(exemplar, ticks: ticks, bucket: layout.classicBucket(of: ticks))
    }

    /// A value between ticks. What is below zero, or no number, counts into the first bucket or +Inf's.
    func observe(exact ticks: Double) {
        let whole = ticks > 0 ? UInt64(exactly: ticks.rounded(.up)) ?? .max : ticks.isNaN ? .max : 0
        let cell = cells.shared
        cell.offset(layout.cell(of: whole) + 1).sharedAdd(count: 1)
        cell.sharedAdd(number: ticks)
    }
}
