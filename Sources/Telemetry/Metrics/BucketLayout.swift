/// Where a value falls among a histogram's bounds, in a few nanoseconds: the position of its highest bit and the
/// three bits after it index a table of first candidates, from which the right bound is at most a step or two away
/// unless bounds stand closer together than an eighth of an octave. Never freed, like the cells it points into.
@usableFromInline
struct BucketLayout: Sendable {
    static let maxBounds = 254

    /// In ticks, ascending, closed by `UInt64.max` so that the search ends.
    // Sendable: written in init only, never freed.
    @usableFromInline nonisolated(unsafe) let bounds: UnsafePointer<UInt64>
    // Sendable: written in init only, never freed.
    @usableFromInline nonisolated(unsafe) let candidates: UnsafePointer<UInt8>
    @usableFromInline let boundCount: Int

    init(bounds: [Double], unit: MetricUnit) {
        self.init(ticks: bounds.map { UInt64(($0 * unit.ticksPerUnit).rounded()) })
    }

    /// - Parameter ticks: ascending, at most `maxBounds`.
    init(ticks: [UInt64]) {
        let bounds = UnsafeMutablePointer<UInt64>.allocate(capacity: ticks.count + 1)
        bounds.initialize(from: ticks, count: ticks.count)
        (bounds + ticks.count).initialize(to: .max)
        let candidates = UnsafeMutablePointer<UInt8>.allocate(capacity: 512)
        for slot in 0..<512 {
            let smallest = Self.smallestValue(inSlot: slot)
            let first = ticks.firstIndex { $0 >= smallest } ?? ticks.count
            (candidates + slot).initialize(to: UInt8(first))
        }
        self.bounds = UnsafePointer(bounds)
        self.candidates = UnsafePointer(candidates)
        boundCount = ticks.count
    }

    /// Counts of the buckets, +Inf's too, then the sum.
    @usableFromInline
    var cellCount: Int { boundCount + 2 }

    @inlinable
    func bucket(of value: UInt64) -> Int {
        var index = Int(candidates[Self.slot(of: value)])
        while value > bounds[index] { index &+= 1 }
        return index
    }

    @inlinable
    static func slot(of value: UInt64) -> Int {
        // Below 8 the mantissa is short of three bits: such a value is its own slot.
        guard value >= 8 else { return Int(truncatingIfNeeded: value) }
        let exponent = 63 &- value.leadingZeroBitCount
        return exponent &* 8 &+ Int(truncatingIfNeeded: (value &>> UInt64(truncatingIfNeeded: exponent &- 3)) & 7)
    }

    private static func smallestValue(inSlot slot: Int) -> UInt64 {
        guard slot >= 24 else { return UInt64(slot & 7) }
        return (8 | UInt64(slot & 7)) << UInt64(slot / 8 - 3)
    }
}
