/// A declared counter: its instruments by shard and series. Take them at start; nothing here is for a hot path.
public struct CounterFamily: Sendable {
    let run: SeriesRun

    public func on(shard: Int) -> ShardCounters {
        ShardCounters(first: run.cells.on(shard: shard), count: run.count)
    }

    /// - Parameter index: as `ShardCounters`; the only one of a family without labels is 0.
    public func shared(_ index: Int = 0) -> SharedCounter { SharedCounter(cells: run.cells(of: index)) }

    /// nil for a value that was not declared.
    public func index(of values: String...) -> Int? { run.declaration.index(of: values) }
}

/// A declared gauge.
public struct GaugeFamily: Sendable {
    let run: SeriesRun

    public func on(shard: Int, _ index: Int = 0) -> ShardGauge {
        ShardGauge(cell: run.cells(of: index).on(shard: shard))
    }

    public func shared(_ index: Int = 0) -> SharedGauge { SharedGauge(cells: run.cells(of: index)) }

    public func index(of values: String...) -> Int? { run.declaration.index(of: values) }
}

/// A declared histogram.
public struct HistogramFamily: Sendable {
    let run: SeriesRun
    let shape: HistogramShape
    let exemplars: ExemplarCells

    public func on(shard: Int) -> ShardHistograms {
        ShardHistograms(
            first: run.cells.on(shard: shard),
            cellsPerSeries: run.cellsPerSeries,
            layout: shape.layout,
            exemplars: exemplars,
            count: run.count
        )
    }

    public func shared(_ index: Int = 0) -> SharedHistogram {
        SharedHistogram(
            cells: run.cells(of: index),
            layout: shape.layout,
            exemplars: exemplars.of(series: index)
        )
    }

    public func index(of values: String...) -> Int? { run.declaration.index(of: values) }
}

/// The cells of a family's series, one after the other.
struct SeriesRun: Sendable {
    let declaration: MetricDeclaration
    let cells: SeriesCells
    let cellsPerSeries: Int

    var count: Int { declaration.combinationCount }

    func cells(of index: Int) -> SeriesCells {
        precondition(index >= 0 && index < count, "no such series")
        return cells.advanced(by: index * cellsPerSeries)
    }
}

extension MetricDeclaration {
    /// The place of a combination of label values; the last label varies fastest.
    func index(of values: [String]) -> Int? {
        guard values.count == labels.count else { return nil }
        var index = 0
        for (label, value) in zip(labels, values) {
            guard let place = label.values.firstIndex(of: value) else { return nil }
            index = index * label.values.count + place
        }
        return index
    }

    /// The label values at a place.
    func values(at index: Int) -> [String] {
        var rest = index
        let reversed = labels.reversed().map { label in
            defer { rest /= label.values.count }
            return label.values[rest % label.values.count]
        }
        return reversed.reversed()
    }
}
