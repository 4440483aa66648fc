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
    /// Where refused instruments write.
    var scrap: SeriesCells?
}

extension MetricRegistry.State {
    /// - Parameters:
    ///   - declaration: without labels, which are the series' own.
    ///   - labels: sorted by name.
    /// - Returns: the same cells for the same name and labels.
    mutating func dynamicSeries(
        _ declaration: MetricDeclaration,
        labels: [SeriesLabel],
        cellCount: Int,
        budget: Int
    ) -> SeriesCells {
        guard var place = place(of: declaration, budget: budget) else {
            dynamic.refused += 1
            return scrap()
        }
        defer { dynamic.places[declaration.name] = place }
        if let known = place.series[labels] { return families[place.index].series[known].cells }
        let isBounded = labels.allSatisfy { $0.value.utf8.count <= DynamicFamilies.maxLabelBytes }
        if isBounded, !labels.isEmpty, take(lines: declaration.linesPerCombination, of: budget) {
            let index = addSeries(labels, toFamily: place.index, cellCount: cellCount)
            place.series[labels] = index
            return families[place.index].series[index].cells
        }
        if !labels.isEmpty || place.reserve != nil { dynamic.folded += 1 }
        return reserveCells(of: &place, labels: labels, cellCount: cellCount)
    }

    /// nil where the name or kind is impossible, or a new family's first series does not fit.
    private mutating func place(
        of declaration: MetricDeclaration,
        budget: Int
    ) -> DynamicFamilies.Place? {
        if let place = dynamic.places[declaration.name] {
            return families[place.index].declaration.kind == declaration.kind ? place : nil
        }
        guard (try? declaration.check()) != nil, sampleNames.isDisjoint(with: declaration.sampleNames) else {
            return nil
        }
        guard take(lines: declaration.linesPerCombination, of: budget) else { return nil }
        sampleNames.formUnion(declaration.sampleNames)
        families.append(RegisteredFamily(declaration: declaration))
        return DynamicFamilies.Place(index: families.count - 1)
    }

    private mutating func reserveCells(
        of place: inout DynamicFamilies.Place,
        labels: [SeriesLabel],
        cellCount: Int
    ) -> SeriesCells {
        if let reserve = place.reserve { return families[place.index].series[reserve].cells }
        let others = labels.map { SeriesLabel(name: $0.name, value: DynamicFamilies.otherValue) }
        let index = place.series[others] ?? addSeries(others, toFamily: place.index, cellCount: cellCount)
        place.series[others] = index
        place.reserve = index
        return families[place.index].series[index].cells
    }

    private mutating func addSeries(_ labels: [SeriesLabel], toFamily family: Int, cellCount: Int) -> Int {
        let cells = arena.allocate(cellCount)
        families[family].series.append(RegisteredSeries(labels: SeriesLabels(labels), cells: cells))
        return families[family].series.count - 1
    }

    private mutating func take(lines: Int, of budget: Int) -> Bool {
        guard dynamic.linesUsed + lines <= budget else { return false }
        dynamic.linesUsed += lines
        return true
    }

    private mutating func scrap() -> SeriesCells {
        if let scrap = dynamic.scrap { return scrap }
        let cells = arena.allocate(BucketLayout.maxBounds + 2)
        dynamic.scrap = cells
        return cells
    }
}
