extension MetricDeclaration {
    /// Throws what a Prometheus server would refuse or confuse, so that a wrong declaration ends the start and not a
    /// scrape a week later.
    func check() throws(MetricDeclarationError) {
        guard Self.isMetricName(name) else { throw .invalidName(name) }
        guard hasProperSuffix else { throw .suffix(name) }
        if case .histogram(let bounds) = kind { try check(bounds: bounds) }
        try checkLabels()
    }

    /// The names under which samples of this metric appear in any format, and its own in OpenMetrics.
    var sampleNames: [String] {
        switch kind {
        case .counter, .floatingCounter: [name, familyName, familyName + "_created"]
        case .gauge: [name]
        case .histogram: [name] + (Self.histogramSuffixes + ["_created"]).map { name + $0 }
        }
    }

    /// In OpenMetrics `_total` is a sample's, not the counter's.
    var familyName: String {
        switch kind {
        case .counter, .floatingCounter: String(name.dropLast("_total".count))
        case .gauge, .histogram: name
        }
    }

    static func isMetricName(_ text: String) -> Bool {
        isIdentifier(text) { $0 == UInt8(ascii: ":") }
    }

    static func isLabelName(_ text: String) -> Bool {
        !text.hasPrefix("__") && isIdentifier(text) { _ in false }
    }

    private static let histogramSuffixes = ["_bucket", "_sum", "_count"]

    private static func isIdentifier(_ text: String, extra: (UInt8) -> Bool) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= first) else { return false }
        return text.utf8.allSatisfy { isWordByte($0) || extra($0) }
    }

    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private var hasProperSuffix: Bool {
        switch kind {
        case .counter, .floatingCounter: name.hasSuffix("_total") && name.utf8.count > "_total".utf8.count
        case .gauge: !name.hasSuffix("_total")
        case .histogram: !(Self.histogramSuffixes + ["_total"]).contains { name.hasSuffix($0) }
        }
    }

    private func check(bounds: [Double]) throws(MetricDeclarationError) {
        let ticks = bounds.map { $0 * unit.ticksPerUnit }
        let fits = ticks.allSatisfy { $0 >= 0 && $0 < 0x1p63 }
        guard fits, bounds.count <= HistogramShape.maxBounds, zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 })
        else { throw .bounds(metric: name) }
    }

    private func checkLabels() throws(MetricDeclarationError) {
        var seen: Set<String> = []
        for label in labels {
            let isReserved = label.name == "le" && linesPerCombination > 1
            guard Self.isLabelName(label.name), !isReserved, seen.insert(label.name).inserted,
                !label.values.isEmpty, Set(label.values).count == label.values.count
            else { throw .invalidLabel(metric: name, label: label.name) }
        }
    }
}
