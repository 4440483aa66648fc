import Synchronization

/// The values of one moment, for any encoder: families in order of declaration, their series, and one flat array of
/// cells. Reading it allocates nothing.
public struct MetricSnapshot: Sendable {
    public struct Family: Sendable {
        let registered: RegisteredFamily
        /// Where its first series' values begin.
        let offset: Int

        public var declaration: MetricDeclaration { registered.declaration }
        public var seriesCount: Int { registered.series.count }
        public func labels(of series: Int) -> SeriesLabels { registered.series[series].labels }
    }

    public private(set) var families: [Family] = []
    /// Scrape lines, which a Prometheus server counts as series. OpenMetrics has one more for each counter and
    /// histogram: when it was created.
    public private(set) var lineCount = 0
    private var values: [UInt64] = []

    /// A counter's value, in ticks.
    public func count(_ family: Family, series: Int) -> UInt64 {
        values[family.offset + series * family.registered.cellsPerSeries]
    }

    /// The value of a gauge or a floating counter, or the sum of a histogram's observations, in ticks.
    public func number(_ family: Family, series: Int) -> Double {
        Double(bitPattern: count(family, series: series))
    }

    /// All of a family, series by series.
    func values(of family: Family) -> ArraySlice<UInt64> {
        values[family.offset..<family.offset + family.seriesCount * family.registered.cellsPerSeries]
    }

    /// A histogram's cells, see `HistogramShape`.
    func cells(_ family: Family, series: Int) -> ArraySlice<UInt64> {
        let start = family.offset + series * family.registered.cellsPerSeries
        return values[start + 1..<start + family.registered.cellsPerSeries]
    }

    /// Not cumulative; `bucket` counts from 0 to the number of bounds, which is +Inf's.
    public func bucket(_ bucket: Int, _ family: Family, series: Int) -> UInt64 {
        guard let ends = family.registered.shape?.classicEnds else { return 0 }
        let cells = cells(family, series: series)
        let start = cells.startIndex + (bucket > 0 ? ends[bucket - 1] : 0)
        return cells[start..<cells.startIndex + ends[bucket]].reduce(0, &+)
    }

    /// Reads all cells of `registered` anew, into the memory of the snapshot before.
    mutating func refill(_ registered: [RegisteredFamily]) {
        families.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        lineCount = 0
        for family in registered { append(family) }
    }

    private mutating func append(_ registered: RegisteredFamily) {
        families.append(Family(registered: registered, offset: values.count))
        lineCount += registered.declaration.linesPerCombination * registered.series.count
        for series in registered.series { append(series.cells, registered) }
    }

    private mutating func append(_ cells: SeriesCells, _ family: RegisteredFamily) {
        switch family.declaration.kind {
        case .counter: values.append(cells.totalCount(0))
        case .gauge, .floatingCounter: values.append(cells.totalNumber(0).bitPattern)
        case .histogram:
            values.append(cells.totalNumber(0).bitPattern)
            for cell in 1..<family.cellsPerSeries { values.append(cells.totalCount(cell)) }
        }
    }
}

extension MetricRegistry {
    /// Runs the hooks, then reads every cell.
    func read(into snapshot: inout MetricSnapshot) {
        for hook in state.withLock({ $0.hooks }) { hook() }
        snapshot.refill(state.withLock { $0.families })
    }
}
