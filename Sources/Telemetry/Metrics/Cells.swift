public import Synchronization

/// Eight bytes that hold a count, or the bits of a Double. Cells are never freed, so an instrument may be held
/// without retaining the registry it came from: a process has one registry, and its cells as long as it lives.
@usableFromInline
// Sendable: whoever holds one reads and writes it atomically.
struct Cell: @unchecked Sendable {
    @usableFromInline let pointer: UnsafeMutablePointer<Atomic<UInt64>>

    @usableFromInline
    init(pointer: UnsafeMutablePointer<Atomic<UInt64>>) { self.pointer = pointer }

    @inlinable
    var count: UInt64 { pointer.pointee.load(ordering: .relaxed) }

    @inlinable
    var number: Double { Double(bitPattern: count) }

    @inlinable
    func offset(_ cells: Int) -> Cell { Cell(pointer: pointer + cells) }

    @inlinable
    func set(count: UInt64) { pointer.pointee.store(count, ordering: .relaxed) }

    @inlinable
    func set(number: Double) { set(count: number.bitPattern) }

    // A load and a store, not a read-modify-write: right only on the one thread that writes this cell, and a fifth
    // of the cost there.
    @inlinable
    func ownerAdd(count: UInt64) { set(count: self.count &+ count) }

    @inlinable
    func ownerAdd(number: Double) { set(number: self.number + number) }

    func sharedAdd(count: UInt64) { pointer.pointee.wrappingAdd(count, ordering: .relaxed) }

    func sharedAdd(number: Double) {
        var expected = count
        while true {
            let desired = (Double(bitPattern: expected) + number).bitPattern
            let (exchanged, original) = pointer.pointee.weakCompareExchange(
                expected: expected,
                desired: desired,
                ordering: .relaxed
            )
            if exchanged { return }
            expected = original
        }
    }

    /// False where the cell held another count than `expected`.
    func exchange(_ expected: UInt64, for desired: UInt64) -> Bool {
        pointer.pointee.compareExchange(expected: expected, desired: desired, ordering: .relaxed).exchanged
    }

    func sharedRaise(to value: UInt64) { pointer.pointee.max(value, ordering: .relaxed) }
}

/// The same cells for every shard, and after them for whoever owns none: `stride` cells from one to the next.
@usableFromInline
// Sendable by the discipline above: one writer a shard, atomic additions in the last copy, relaxed loads at a scrape.
struct SeriesCells: @unchecked Sendable {
    @usableFromInline let first: Cell
    @usableFromInline let stride: Int
    /// Of shards; the copy at this index is the shared one.
    @usableFromInline let shards: Int

    init(first: Cell, stride: Int, shards: Int) {
        self.first = first
        self.stride = stride
        self.shards = shards
    }

    func advanced(by cells: Int) -> SeriesCells {
        SeriesCells(first: first.offset(cells), stride: stride, shards: shards)
    }

    func on(shard: Int) -> Cell {
        precondition(shard >= 0 && shard < shards, "no such shard")
        return first.offset(shard * stride)
    }

    var shared: Cell { first.offset(shards * stride) }

    func totalCount(_ cell: Int) -> UInt64 {
        var total: UInt64 = 0
        for copy in 0...shards { total &+= first.offset(copy * stride + cell).count }
        return total
    }

    func totalNumber(_ cell: Int) -> Double {
        var total = 0.0
        for copy in 0...shards { total += first.offset(copy * stride + cell).number }
        return total
    }
}

/// Hands out cells from blocks in which each shard's part begins on a 128-byte boundary: two threads never write the
/// same pair of cache lines (the prefetcher of x86 takes two at a time).
struct CellArena: Sendable {
    private static let cellsPerLine = 128 / MemoryLayout<UInt64>.stride
    private static let blockCells = 64 * cellsPerLine

    let shards: Int
    private var free: SeriesCells?
    private var freeCount = 0

    init(shards: Int) { self.shards = shards }

    mutating func allocate(_ count: Int) -> SeriesCells {
        guard let cells = free, freeCount >= count else {
            let block = Self.block(atLeast: count, shards: shards)
            keepRest(of: block, after: count, capacity: block.stride)
            return block
        }
        keepRest(of: cells, after: count, capacity: freeCount)
        return cells
    }

    private mutating func keepRest(of cells: SeriesCells, after count: Int, capacity: Int) {
        free = cells.advanced(by: count)
        freeCount = capacity - count
    }

    private static func block(atLeast count: Int, shards: Int) -> SeriesCells {
        let lines = (max(count, blockCells) + cellsPerLine - 1) / cellsPerLine
        let stride = lines * cellsPerLine
        let total = stride * (shards + 1)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: total * 8, alignment: 128)
        let cells = memory.bindMemory(to: Atomic<UInt64>.self, capacity: total)
        for index in 0..<total { (cells + index).initialize(to: Atomic(0)) }
        return SeriesCells(first: Cell(pointer: cells), stride: stride, shards: shards)
    }
}
