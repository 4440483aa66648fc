import Synchronization

/// The values of one moment, for any encoder: families in order of declaration, their series, and one flat array of
/// cells. Reading it allocates nothing.
public struct MetricSnapshot: Sendable {
    public struct Family: Sendable {
        let registered: RegisteredFamily
        /// Where its first series' values begin.
        let offset: Int
        let cellsPerSeries: Int

        public var declaration: MetricDeclaration { registered.declaration }
        public var seriesCount: Int { registered.series.count }
        public func labels(of series: Int) -> SeriesLabels { registered.series[series].labels }
    }

    public private(set) var families: [Family] = []
    /// Scrape lines, which a Prometheus server counts as series.
    public private(set) var lineCount = 0
    private var values: [UInt64] = []

    /// A counter's value, in ticks.
    public func count(_ family: Family, series: Int) -> UInt64 {
        values[family.offset + series * family.cellsPerSeries]
    }

    /// A gauge's value.
    public func number(_ family: Family, series: Int) -> Double {
        Double(bitPattern: count(family, series: series))
    }

    /// Not cumulative; `bucket` counts from 0 to the number of bounds, which is +Inf's.
    public func bucket(_ bucket: Int, _ family: Family, series: Int) -> UInt64 {
        values[family.offset + series * family.cellsPerSeries + bucket]
    }

    /// The sum of a histogram's observations, in ticks.
    public func sum(_ family: Family, series: Int) -> Double {
        Double(bitPattern: values[family.offset + (series + 1) * family.cellsPerSeries - 1])
    }

    /// Reads all cells of `registered` anew, into the memory of the snapshot before.
    mutating func refill(_ registered: [RegisteredFamily]) {
        families.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        lineCount = 0
        for family in registered { append(family) }
    }

    private mutating func append(_ registered: RegisteredFamily) {
        let declaration = registered.declaration
        let family = Family(
            registered: registered,
            offset: values.count,
            cellsPerSeries: declaration.cellsPerSeries
        )
        families.append(family)
        lineCount += declaration.linesPerCombination * registered.series.count
        for series in registered.series { append(series.cells, of: declaration.kind) }
    }

    private mutating func append(_ cells: SeriesCells, of kind: MetricDeclaration.Kind) {
        switch kind {
        case .counter: values.append(cells.totalCount(0))
        case .gauge: values.append(cells.totalNumber(0).bitPattern)
        case .histogram(let bounds):
            for bucket in 0...bounds.count { values.append(cells.totalCount(bucket)) }
            values.append(cells.totalNumber(bounds.count + 1).bitPattern)
        }
    }
}

extension MetricDeclaration {
    /// A histogram's buckets, +Inf's too, and its sum.
    var cellsPerSeries: Int {
        guard case .histogram(let bounds) = kind else { return 1 }
        return bounds.count + 2
    }
}

extension MetricRegistry {
    /// Runs the hooks, then reads every cell.
    func read(into snapshot: inout MetricSnapshot) {
        for hook in state.withLock({ $0.hooks }) { hook() }
        snapshot.refill(state.withLock { $0.families })
    }
}
