/// Metrics whose names and labels somebody else chooses at run time (the swift-metrics factory), within a budget of
/// scrape lines. A family sets lines aside when it first appears, for its series without labels or, past the budget,
/// for `other`, which all new label sets then share, so that a sum over the family never falls. A family for which
/// there is no room writes to cells that no scrape shows. Both are counted.
struct DynamicFamilies: Sendable {
    static let maxLabelBytes = 128
    static let otherValue = "other"

    struct Place: Sendable {
        let index: Int
        var series: [[SeriesLabel]: Int] = [:]
        /// The series on the lines set aside.
        var reserve: Int?
    }

    var places: [String: Place] = [:]
    var linesUsed = 0
    /// Times an instrument was given the reserve of its family.
    var folded: UInt64 = 0
    /// Times an instrument was refused: over the budget, an impossible name, or of another kind than before.
    var refused: UInt64 = 0
    /// Where refused instruments write, by how many cells they need.
    var scrap: [Int: SeriesCells] = [:]
}

extension MetricRegistry.State {
    /// - Parameters:
    ///   - declaration: without labels, which are the series' own.
    ///   - labels: sorted by name.
    /// - Returns: the same cells for the same name and labels.
    mutating func dynamicSeries(
        _ declaration: MetricDeclaration,
        labels: [SeriesLabel],
        shape: HistogramShape?,
        budget: Int
    ) -> SeriesCells {
        guard var place = place(of: declaration, shape, budget: budget) else {
            dynamic.refused += 1
            return scrap(cells: shape?.cellCount ?? 1)
        }
        defer { dynamic.places[declaration.name] = place }
        if let known = place.series[labels] { return families[place.index].series[known].cells }
        let isBounded = labels.allSatisfy { $0.value.utf8.count <= DynamicFamilies.maxLabelBytes }
        if isBounded, !labels.isEmpty, take(lines: declaration.linesPerCombination, of: budget) {
            let index = addSeries(labels, toFamily: place.index)
            place.series[labels] = index
            return families[place.index].series[index].cells
        }
        if !labels.isEmpty || place.reserve != nil { dynamic.folded += 1 }
        return reserveCells(of: &place, labels: labels)
    }

    /// nil where the name or kind is impossible, or a new family's first series does not fit.
    private mutating func place(
        of declaration: MetricDeclaration,
        _ shape: HistogramShape?,
        budget: Int
    ) -> DynamicFamilies.Place? {
        if let place = dynamic.places[declaration.name] {
            return families[place.index].declaration.kind == declaration.kind ? place : nil
        }
        guard (try? declaration.check()) != nil, namesAreFree(for: declaration) else { return nil }
        guard take(lines: declaration.linesPerCombination, of: budget) else { return nil }
        claimNames(of: declaration)
        families.append(RegisteredFamily(declaration: declaration, shape: shape))
        return DynamicFamilies.Place(index: families.count - 1)
    }

    private mutating func reserveCells(of place: inout DynamicFamilies.Place, labels: [SeriesLabel]) -> SeriesCells {
        if let reserve = place.reserve { return families[place.index].series[reserve].cells }
        let others = labels.map { SeriesLabel(name: $0.name, value: DynamicFamilies.otherValue) }
        let index = place.series[others] ?? addSeries(others, toFamily: place.index)
        place.series[others] = index
        place.reserve = index
        return families[place.index].series[index].cells
    }

    private mutating func addSeries(_ labels: [SeriesLabel], toFamily family: Int) -> Int {
        let series = RegisteredSeries(
            labels: SeriesLabels(labels),
            cells: arena.allocate(families[family].cellsPerSeries),
            exemplars: nil,
            created: WallClock.unixMilliseconds()
        )
        families[family].series.append(series)
        return families[family].series.count - 1
    }

    private mutating func take(lines: Int, of budget: Int) -> Bool {
        guard dynamic.linesUsed + lines <= budget else { return false }
        dynamic.linesUsed += lines
        return true
    }

    private mutating func scrap(cells count: Int) -> SeriesCells {
        if let scrap = dynamic.scrap[count] { return scrap }
        let cells = arena.allocate(count)
        dynamic.scrap[count] = cells
        return cells
    }
}
