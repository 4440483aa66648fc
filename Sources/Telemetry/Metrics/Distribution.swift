/// What a histogram counted up to a moment, or between two.
public struct Distribution: Sendable, Equatable {
    /// Upper bounds of the cells in the unit, the last one's infinite.
    private let bounds: [Double]
    private var counts: [UInt64]

    init(bounds: [Double], counts: [UInt64]) {
        (self.bounds, self.counts) = (bounds, counts)
    }

    public var count: UInt64 { counts.reduce(0, &+) }

    /// What was counted since `earlier`, of the same histogram.
    public func since(_ earlier: Distribution) -> Distribution {
        Distribution(bounds: bounds, counts: zip(counts, earlier.counts).map { $0 - min($0, $1) })
    }

    /// In the unit, off by less than a tenth; nil where nothing was counted.
    /// - Parameter rank: 0.5 for the median.
    public func quantile(_ rank: Double) -> Double? {
        let wanted = max(1, (rank * Double(count)).rounded(.up))
        var below = 0.0
        for (cell, count) in counts.enumerated() where count > 0 {
            let share = (wanted - below) / Double(count)
            below += Double(count)
            guard below >= wanted else { continue }
            let start = cell > 0 ? bounds[cell - 1] : 0
            return bounds[cell].isFinite ? start + (bounds[cell] - start) * share : start
        }
        return nil
    }
}

extension HistogramFamily {
    /// Since the start. Allocates: for people's questions, not for scrapes.
    public func distribution(_ index: Int = 0) -> Distribution {
        let cells = run.cells(of: index)
        let bounds = (0..<shape.bucketCells - 1).map {
            Double(shape.layout.bounds[$0]) / run.declaration.unit.ticksPerUnit
        }
        return Distribution(
            bounds: bounds + [.infinity],
            counts: (0..<shape.bucketCells).map { cells.totalCount($0 + 1) }
        )
    }
}

extension CounterFamily {
    /// Since the start, over all shards.
    public func total(_ index: Int = 0) -> UInt64 { run.cells(of: index).totalCount(0) }
}
