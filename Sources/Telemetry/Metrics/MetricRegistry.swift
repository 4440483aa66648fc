import Synchronization

/// Every metric of a process: declared once, written by shards without locks, read as a whole.
///
/// A *shard* belongs to one thread, in a server to one event loop; only that thread may use the shard's instruments.
/// Declaring takes a lock, adding and observing never do. A scrape reads while writers write: each value it sees was
/// true a moment ago, none is lower than at the scrape before, and a histogram's `_count` is the sum of its buckets.
public final class MetricRegistry: Sendable {
    public let shards: Int
    /// Lines of a scrape that series with open label sets may take, all together.
    public let dynamicSeriesBudget: Int
    let state: Mutex<State>

    /// - Parameter shards: threads that own one; 0 where all instruments are shared.
    public init(shards: Int, dynamicSeriesBudget: Int = 10_000) {
        self.shards = shards
        self.dynamicSeriesBudget = dynamicSeriesBudget
        state = Mutex(State(arena: CellArena(shards: shards)))
    }

    public func counter(_ declaration: MetricDeclaration) throws(MetricDeclarationError) -> CounterFamily {
        guard case .counter = declaration.kind else { throw .kind(declaration.name) }
        return CounterFamily(run: try declare(declaration))
    }

    public func gauge(_ declaration: MetricDeclaration) throws(MetricDeclarationError) -> GaugeFamily {
        guard case .gauge = declaration.kind else { throw .kind(declaration.name) }
        return GaugeFamily(run: try declare(declaration))
    }

    public func histogram(_ declaration: MetricDeclaration) throws(MetricDeclarationError) -> HistogramFamily {
        guard case .histogram(let bounds) = declaration.kind else { throw .kind(declaration.name) }
        try declaration.check()
        let shape = HistogramShape(bounds: bounds, unit: declaration.unit)
        let exemplars = ExemplarCells(
            bucketsPerSeries: shape.bounds.count,
            seriesCount: declaration.combinationCount
        )
        let run = try declare(declaration, shape, exemplars)
        return HistogramFamily(run: run, shape: shape, exemplars: exemplars)
    }

    /// Runs at each scrape, on the scraping thread and before values are read, to set gauges that nobody keeps
    /// current. It must be O(1) and must not wait for a lock that a writer may hold.
    public func beforeScrape(_ hook: @escaping @Sendable () -> Void) {
        state.withLock { $0.hooks.append(hook) }
    }

    /// The declared metrics, in the order of their declaration, without those of open label sets.
    public var declarations: [MetricDeclaration] {
        state.withLock { $0.families.map(\.declaration) }
    }
}

extension MetricRegistry {
    struct State {
        var arena: CellArena
        var families: [RegisteredFamily] = []
        var sampleNames: Set<String> = []
        var hooks: [@Sendable () -> Void] = []
        var dynamic = DynamicFamilies()
    }

    /// - Parameter shape: of a histogram.
    func dynamicSeries(
        _ declaration: MetricDeclaration,
        labels: [SeriesLabel],
        shape: HistogramShape? = nil
    ) -> SeriesCells {
        state.withLock {
            $0.dynamicSeries(declaration, labels: labels, shape: shape, budget: dynamicSeriesBudget)
        }
    }

    private func declare(
        _ declaration: MetricDeclaration,
        _ shape: HistogramShape? = nil,
        _ exemplars: ExemplarCells? = nil
    ) throws(MetricDeclarationError) -> SeriesRun {
        try declaration.check()
        return try state.withLock { state throws(MetricDeclarationError) in
            guard state.namesAreFree(for: declaration) else { throw .duplicate(declaration.name) }
            state.claimNames(of: declaration)
            let cellsPerSeries = shape?.cellCount ?? 1
            let cells = state.arena.allocate(declaration.combinationCount * cellsPerSeries)
            let run = SeriesRun(declaration: declaration, cells: cells, cellsPerSeries: cellsPerSeries)
            state.families.append(RegisteredFamily(run: run, shape: shape, exemplars: exemplars))
            return run
        }
    }
}

extension MetricRegistry.State {
    func namesAreFree(for declaration: MetricDeclaration) -> Bool {
        sampleNames.isDisjoint(with: declaration.sampleNames)
    }

    mutating func claimNames(of declaration: MetricDeclaration) { sampleNames.formUnion(declaration.sampleNames) }
}
