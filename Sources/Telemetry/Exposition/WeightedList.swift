/// A header such as `Accept`: elements in their order, each with parameters and a weight (RFC 9110 section 12.4.2).
struct WeightedList {
    struct Element {
        /// In lower case.
        let name: String
        /// Names in lower case, values without quotes.
        let parameters: [(name: String, value: String)]
        /// 1 without a `q`; 0, which refuses, where it cannot be read.
        let weight: Double
    }

    let elements: [Element]

    init(_ header: String) {
        elements = header.split(separator: ",").compactMap(Self.element)
    }

    private static func element(_ text: Substring) -> Element? {
        let parts = text.split(separator: ";").map(trimmed)
        guard let name = parts.first else { return nil }
        let parameters = parts.dropFirst().map(parameter)
        let q = parameters.first { $0.name == "q" }
        return Element(
            name: name.lowercased(),
            parameters: parameters.filter { $0.name != "q" },
            weight: q.map { weight($0.value) } ?? 1
        )
    }

    private static func parameter(_ text: Substring) -> (name: String, value: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(trimmed)
        var value = parts.count > 1 ? parts[1] : ""
        if value.count > 1, value.hasPrefix("\""), value.hasSuffix("\"") { value = value.dropFirst().dropLast() }
        return (parts[0].lowercased(), String(value))
    }

    private static func weight(_ text: String) -> Double {
        guard let weight = Double(text), (0...1).contains(weight) else { return 0 }
        return weight
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let start = text.drop { $0 == " " || $0 == "\t" }
        guard let end = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return start[...end]
    }
}
