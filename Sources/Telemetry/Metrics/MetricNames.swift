/// Names a Prometheus server takes, from names it would not.
enum MetricNames {
    /// `http.requests` with `_total`: `http_requests_total`.
    static func name(_ label: String, suffix: String = "") -> String {
        let name = identifier(label)
        return name.hasSuffix(suffix) ? name : name + suffix
    }

    static func help(_ label: String) -> String { "Recorded as \(label)." }

    /// Sorted by name, so that the order in which a caller lists them makes no second series; of a name given twice
    /// the last stands.
    static func labels(_ dimensions: [(String, String)]) -> [SeriesLabel] {
        var values: [String: String] = [:]
        for (name, value) in dimensions { values[labelName(name)] = value }
        return values.sorted { $0.key < $1.key }.map { SeriesLabel(name: $0.key, value: $0.value) }
    }

    private static func labelName(_ label: String) -> String {
        var name = identifier(label)
        // Two underscores in front are the server's own, and `le` is a histogram's.
        while name.hasPrefix("__") { name.removeFirst() }
        return name == "le" ? "exported_le" : name
    }

    private static func identifier(_ label: String) -> String {
        let mapped = label.utf8.map { MetricDeclaration.isWordByte($0) ? $0 : UInt8(ascii: "_") }
        let name = String(decoding: mapped, as: UTF8.self)
        let startsWithDigit = mapped.first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? true
        return startsWithDigit ? "_" + name : name
    }
}
