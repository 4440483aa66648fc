/// How a family's histograms divide their values: the classic bounds and those of the native buckets in one ascending
/// partition of cells. An observation adds to one cell, and both views are sums of whole cells, so they cannot
/// disagree.
struct HistogramShape: Sendable {
    static let maxBounds = 254

    let layout: BucketLayout
    /// Of the classic buckets, +Inf's too.
    let boundTexts: [[UInt8]]
    let bounds: [Double]
    /// A classic bucket's cells end before this one, +Inf's too.
    let classicEnds: [Int]
    /// The native bucket of each cell at `NativeBuckets.finestSchema`; the first cell is the zero bucket.
    let nativeIndices: [Int32]

    /// - Parameter bounds: in the unit, ascending, at most `maxBounds`.
    init(bounds: [Double], unit: MetricUnit) {
        let ticks = bounds.map { UInt64(($0 * unit.ticksPerUnit).rounded()) }
        let native = NativeBuckets.bounds(ticksPerUnit: unit.ticksPerUnit)
        let cells = Set(ticks + native.ticks + [0]).sorted()
        let classic = (cells + [.max]).map { cell in ticks.count { $0 < cell } }
        layout = BucketLayout(bounds: cells, classicBuckets: classic.map(UInt8.init))
        self.bounds = bounds + [.infinity]
        boundTexts = self.bounds.map { Array("le=\"\(bucketBoundText($0))\"".utf8) }
        classicEnds = (0...ticks.count).map { bucket in classic.count { $0 <= bucket } }
        nativeIndices = Self.nativeIndices(of: cells + [.max], native)
    }

    /// One for each bound, one for what is above them all.
    var bucketCells: Int { nativeIndices.count }

    /// The sum, then the buckets.
    var cellCount: Int { bucketCells + 1 }

    /// The middle of the values that fall into a cell, in ticks.
    func middle(ofCell cell: Int) -> UInt64 {
        guard cell > 0, cell < bucketCells - 1 else { return cell > 0 ? layout.bounds[cell - 1] : 0 }
        let (above, upTo) = (layout.bounds[cell - 1], layout.bounds[cell])
        return above + (upTo - above + 1) / 2
    }

    private static func nativeIndices(of cells: [UInt64], _ native: NativeBuckets.Bounds) -> [Int32] {
        var place = 0
        return cells.map { cell in
            while place < native.ticks.count, native.ticks[place] < cell { place += 1 }
            return native.firstIndex + Int32(place)
        }
    }
}
