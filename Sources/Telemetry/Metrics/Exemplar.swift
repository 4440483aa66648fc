import Synchronization

/// The trace of one observation, so that a point of a histogram leads to what it was. Keep one only where the trace is
/// kept too: a point that leads nowhere is worse than none.
public struct Exemplar: Sendable, Equatable {
    public var traceHigh, traceLow: UInt64
    /// 0 stands for the trace as a whole.
    public var span: UInt64
    public var unixMilliseconds: Int64

    public init(traceHigh: UInt64, traceLow: UInt64, span: UInt64, unixMilliseconds: Int64) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.span = span
        self.unixMilliseconds = unixMilliseconds
    }
}

/// The last exemplar of each classic bucket of a series, for all shards together: they are rare. Of a bucket's six
/// cells the first is a sequence number, odd while somebody writes (a seqlock). Who finds it odd leaves: one exemplar
/// is as good as the other, and nobody waits.
@usableFromInline
struct ExemplarCells: Sendable {
    private static let cellsPerBucket = 6

    private let first: Cell
    private let bucketsPerSeries: Int

    /// Never freed, like all cells.
    init(bucketsPerSeries: Int, seriesCount: Int) {
        let count = bucketsPerSeries * seriesCount * Self.cellsPerBucket
        let cells = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: count)
        for index in 0..<count { (cells + index).initialize(to: Atomic(0)) }
        self.init(first: Cell(pointer: cells), bucketsPerSeries: bucketsPerSeries)
    }

    private init(first: Cell, bucketsPerSeries: Int) {
        self.first = first
        self.bucketsPerSeries = bucketsPerSeries
    }

    @usableFromInline
    func of(series: Int) -> ExemplarCells {
        let first = first.offset(series * bucketsPerSeries * Self.cellsPerBucket)
        return ExemplarCells(first: first, bucketsPerSeries: bucketsPerSeries)
    }

    func keep(_ exemplar: Exemplar, ticks: UInt64, bucket: Int) {
        let cells = first.offset(bucket * Self.cellsPerBucket)
        let sequence = cells.count
        guard sequence & 1 == 0, cells.exchange(sequence, for: sequence &+ 1) else { return }
        atomicMemoryFence(ordering: .releasing)
        cells.offset(1).set(count: exemplar.traceHigh)
        cells.offset(2).set(count: exemplar.traceLow)
        cells.offset(3).set(count: exemplar.span)
        cells.offset(4).set(count: UInt64(bitPattern: exemplar.unixMilliseconds))
        cells.offset(5).set(count: ticks)
        atomicMemoryFence(ordering: .releasing)
        cells.set(count: sequence &+ 2)
    }

    /// nil where none was kept, or one is being written.
    func read(bucket: Int) -> (exemplar: Exemplar, ticks: UInt64)? {
        let cells = first.offset(bucket * Self.cellsPerBucket)
        let sequence = cells.count
        guard sequence > 0, sequence & 1 == 0 else { return nil }
        atomicMemoryFence(ordering: .acquiring)
        let exemplar = Exemplar(
            traceHigh: cells.offset(1).count,
            traceLow: cells.offset(2).count,
            span: cells.offset(3).count,
            unixMilliseconds: Int64(bitPattern: cells.offset(4).count)
        )
        let ticks = cells.offset(5).count
        atomicMemoryFence(ordering: .acquiring)
        return cells.count == sequence ? (exemplar, ticks) : nil
    }
}
