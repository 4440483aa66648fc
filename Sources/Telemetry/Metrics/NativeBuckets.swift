import Glibc

/// The buckets of a Prometheus native histogram: bucket `i` of schema `s` is (2^((i-1)/2^s), 2^(i/2^s)], in the unit.
/// Filled anew for each series from its cells, into the memory of the series before.
struct NativeBuckets {
    /// Eight buckets an octave: bounds 9 % apart.
    static let finestSchema: Int32 = 3
    /// Over it neighbours are joined, a schema down. Counts only grow, so a series never goes back to a finer schema,
    /// which a server would take for a restart.
    static let maxBuckets = 160
    /// What a client in Go sends. Ticks are whole, so that only zeros are that small.
    static let zeroThreshold = 0x1p-128

    struct Bounds {
        let firstIndex: Int32
        /// Ascending, not distinct where ticks are coarser than buckets.
        let ticks: [UInt64]
    }

    struct Bucket: Equatable {
        var index: Int32
        var count: UInt64
    }

    private(set) var schema = finestSchema
    private(set) var zeroCount: UInt64 = 0
    /// The populated ones, ascending.
    private(set) var buckets: [Bucket] = []

    /// From the bucket of one tick up to the last bound below 2^64 ticks.
    static func bounds(ticksPerUnit: Double) -> Bounds {
        let perOctave = Double(1 << finestSchema)
        let first = Int32((perOctave * log2(1 / ticksPerUnit)).rounded(.up))
        let bounds = (first...).lazy.map { exp2(Double($0) / perOctave) * ticksPerUnit }
        return Bounds(firstIndex: first, ticks: bounds.prefix { $0 < 0x1p64 }.map { UInt64($0) })
    }

    /// - Parameters:
    ///   - counts: of the cells, in their order.
    ///   - indices: `HistogramShape.nativeIndices`.
    mutating func fill(_ counts: ArraySlice<UInt64>, indices: [Int32]) {
        schema = Self.finestSchema
        buckets.removeAll(keepingCapacity: true)
        zeroCount = counts.first ?? 0
        for (count, index) in zip(counts, indices).dropFirst() where count > 0 {
            append(Bucket(index: index, count: count))
        }
        while buckets.count > Self.maxBuckets { coarsen() }
    }

    private mutating func coarsen() {
        schema -= 1
        var kept = 0
        for bucket in buckets {
            // Upper bounds are inclusive, hence up: 1 and 2 become 1, 0 and -1 become 0.
            let index = (bucket.index + 1) >> 1
            if kept > 0, buckets[kept - 1].index == index {
                buckets[kept - 1].count += bucket.count
            } else {
                buckets[kept] = Bucket(index: index, count: bucket.count)
                kept += 1
            }
        }
        buckets.removeLast(buckets.count - kept)
    }

    private mutating func append(_ bucket: Bucket) {
        if let last = buckets.indices.last, buckets[last].index == bucket.index {
            buckets[last].count += bucket.count
        } else {
            buckets.append(bucket)
        }
    }
}
