// Instruments of one shard. None is Sendable: exactly one thread, the one that owns the shard, may write.

/// A counter of one shard.
public struct ShardCounter {
    @usableFromInline let cell: Cell

    @usableFromInline
    init(cell: Cell) { self.cell = cell }

    /// - Parameter count: whole ticks of the unit (nanoseconds where it is seconds).
    @inlinable
    public func add(_ count: UInt64 = 1) { cell.ownerAdd(count: count) }
}

/// This shard's part of a gauge; a scrape sees the sum of the parts.
public struct ShardGauge {
    @usableFromInline let cell: Cell

    @usableFromInline
    init(cell: Cell) { self.cell = cell }

    /// - Parameter value: in the unit.
    @inlinable
    public func set(_ value: Double) { cell.set(number: value) }

    @inlinable
    public func add(_ value: Double) { cell.ownerAdd(number: value) }
}

/// A histogram of one shard.
public struct ShardHistogram {
    @usableFromInline let cell: Cell
    @usableFromInline let layout: BucketLayout
    @usableFromInline let exemplars: ExemplarCells

    @usableFromInline
    init(cell: Cell, layout: BucketLayout, exemplars: ExemplarCells) {
        self.cell = cell
        self.layout = layout
        self.exemplars = exemplars
    }

    /// `count` observations of one value, at the price of one.
    /// - Parameter ticks: nanoseconds where the unit is seconds.
    @inlinable
    public func observe(_ ticks: UInt64, count: UInt64 = 1) {
        cell.offset(layout.cell(of: ticks) &+ 1).ownerAdd(count: count)
        // A Double because 64 bits of nanoseconds overflow in days where each observation lasts a day.
        cell.ownerAdd(number: Double(ticks) * Double(count))
    }

    public func observe(_ ticks: UInt64, exemplar: Exemplar) {
        observe(ticks)
        keep(exemplar, of: ticks)
    }

    /// For an observation that was counted already, once it is known that its trace is kept.
    public func keep(_ exemplar: Exemplar, of ticks: UInt64) {
        exemplars.keep(exemplar, ticks: ticks, bucket: layout.classicBucket(of: ticks))
    }
}

/// The series of one family on one shard, in the order of their label values (the last label varies fastest).
public struct ShardCounters {
    @usableFromInline let first: Cell
    public let count: Int

    @usableFromInline
    init(first: Cell, count: Int) {
        self.first = first
        self.count = count
    }

    @inlinable
    public subscript(index: Int) -> ShardCounter {
        precondition(index >= 0 && index < count)
        return ShardCounter(cell: first.offset(index))
    }
}

/// As `ShardCounters`.
public struct ShardHistograms {
    @usableFromInline let first: Cell
    @usableFromInline let cellsPerSeries: Int
    @usableFromInline let layout: BucketLayout
    @usableFromInline let exemplars: ExemplarCells
    public let count: Int

    @usableFromInline
    init(first: Cell, cellsPerSeries: Int, layout: BucketLayout, exemplars: ExemplarCells, count: Int) {
        self.first = first
        self.cellsPerSeries = cellsPerSeries
        self.layout = layout
        self.exemplars = exemplars
        self.count = count
    }

    @inlinable
    public subscript(index: Int) -> ShardHistogram {
        precondition(index >= 0 && index < count)
        return ShardHistogram(
            cell: first.offset(index &* cellsPerSeries),
            layout: layout,
            exemplars: exemplars.of(series: index)
        )
    }
}
