/// A family as the registry keeps it and a snapshot shares it: its declaration and its series.
struct RegisteredFamily: Sendable {
    let declaration: MetricDeclaration
    /// nil for all but histograms.
    let shape: HistogramShape?
    var series: [RegisteredSeries]

    init(declaration: MetricDeclaration, shape: HistogramShape?) {
        self.declaration = declaration
        self.shape = shape
        series = []
    }

    init(run: SeriesRun, shape: HistogramShape? = nil, exemplars: ExemplarCells? = nil) {
        self.init(declaration: run.declaration, shape: shape)
        let names = declaration.labels.map(\.name)
        let created = WallClock.unixMilliseconds()
        series = (0..<run.count).map { index in
            let labels = zip(names, run.declaration.values(at: index)).map { SeriesLabel(name: $0, value: $1) }
            return RegisteredSeries(
                labels: SeriesLabels(labels),
                cells: run.cells(of: index),
                exemplars: exemplars?.of(series: index),
                created: created
            )
        }
    }

    var cellsPerSeries: Int { shape?.cellCount ?? 1 }
}

struct RegisteredSeries: Sendable {
    let labels: SeriesLabels
    let cells: SeriesCells
    let exemplars: ExemplarCells?
    /// In milliseconds since 1970: when it was at zero.
    let created: Int64
}
