/// Where a value falls among a histogram's cells, in a few nanoseconds. Never freed, like the cells it points into.
@usableFromInline
struct BucketLayout: Sendable {
    /// In ticks, ascending, closed by three of `UInt64.max` so that a search may look ahead and ends.
    // Sendable: written in init only, never freed.
    @usableFromInline nonisolated(unsafe) let bounds: UnsafePointer<UInt64>
    // Sendable: written in init only, never freed.
    @usableFromInline nonisolated(unsafe) let candidates: UnsafePointer<UInt16>
    /// Of each cell.
    // Sendable: written in init only, never freed.
    nonisolated(unsafe) let classicBuckets: UnsafePointer<UInt8>

    /// - Parameter bounds: of the cells, ascending; one more cell is for what is above them all.
    init(bounds: [UInt64], classicBuckets: [UInt8]) {
        self.bounds = Self.neverFreed(bounds + [.max, .max, .max])
        candidates = Self.neverFreed(Self.candidates(among: bounds))
        self.classicBuckets = Self.neverFreed(classicBuckets)
    }

    /// The position of the highest bit and the four bits after it index a table of first candidates. Native bounds are
    /// further apart than a slot is wide, so one comparison is for one of them and one for a classic bound; only bounds
    /// that stand closer take more.
    @inlinable
    func cell(of value: UInt64) -> Int {
        let first = Int(candidates[Self.slot(of: value)])
        // Sums of comparisons, not branches: which one holds is as good as random, and a wrong guess costs 5 ns.
        var index = first &+ (value > bounds[first] ? 1 : 0) &+ (value > bounds[first &+ 1] ? 1 : 0)
        while value > bounds[index] { index &+= 1 }
        return index
    }

    func classicBucket(of value: UInt64) -> Int { Int(classicBuckets[cell(of: value)]) }

    @inlinable
    static func slot(of value: UInt64) -> Int {
        // Below 16 the mantissa is short of four bits: such a value is its own slot.
        guard value >= 16 else { return Int(truncatingIfNeeded: value) }
        let exponent = 63 &- value.leadingZeroBitCount
        return exponent &* 16 &+ Int(truncatingIfNeeded: (value &>> UInt64(truncatingIfNeeded: exponent &- 4)) & 15)
    }

    private static func smallestValue(inSlot slot: Int) -> UInt64 {
        guard slot >= 64 else { return UInt64(slot & 15) }
        return (16 | UInt64(slot & 15)) << UInt64(slot / 16 - 4)
    }

    private static func candidates(among bounds: [UInt64]) -> [UInt16] {
        var first = 0
        return (0..<1024).map { slot in
            // Slots 16 to 63 are of no value.
            let smallest = smallestValue(inSlot: slot < 64 ? min(slot, 15) : slot)
            while first < bounds.count, bounds[first] < smallest { first += 1 }
            return UInt16(first)
        }
    }

    private static func neverFreed<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: elements.count)
        memory.initialize(from: elements, count: elements.count)
        return UnsafePointer(memory)
    }
}
