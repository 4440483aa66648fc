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

    @usableFromInline
    init(cell: Cell, layout: BucketLayout) {
        self.cell = cell
        self.layout = layout
    }

    /// `count` observations of one value, at the price of one.
    /// - Parameter ticks: nanoseconds where the unit is seconds.
    @inlinable
    public func observe(_ ticks: UInt64, count: UInt64 = 1) {
        cell.offset(layout.bucket(of: ticks)).ownerAdd(count: count)
        // A Double because 64 bits of nanoseconds overflow in days where each observation lasts a day.
        cell.offset(layout.boundCount &+ 1).ownerAdd(number: Double(ticks) * Double(count))
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
    @usableFromInline let layout: BucketLayout
    public let count: Int

    @usableFromInline
    init(first: Cell, layout: BucketLayout, count: Int) {
        self.first = first
        self.layout = layout
        self.count = count
    }

    @inlinable
    public subscript(index: Int) -> ShardHistogram {
        precondition(index >= 0 && index < count)
        return ShardHistogram(cell: first.offset(index &* layout.cellCount), layout: layout)
    }
}
