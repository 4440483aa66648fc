/// What a scrape can be written in.
public enum ExpositionFormat: String, CaseIterable, Sendable {
    case text
    case openMetrics = "openmetrics"
    /// With native histograms, which no text format has.
    case protobuf

    public var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        case .protobuf:
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
        }
    }

    /// Chooses by the request's `Accept`: the highest weight, then what was named first. Text goes to whoever does not
    /// say, and to whoever names none of the three; nil is for who refuses all three by a weight of 0.
    public static func negotiated(_ accept: String?) -> ExpositionFormat? {
        let ranges = accept.map { WeightedList($0).elements } ?? []
        let choices = allCases.compactMap { $0.choice(among: ranges) }
        if choices.isEmpty { return .text }
        let wanted = choices.filter { $0.weight > 0 }.max { lhs, rhs in
            lhs.weight != rhs.weight ? lhs.weight < rhs.weight : lhs.place > rhs.place
        }
        if let wanted { return wanted.format }
        return choices.contains { $0.format == .text } ? nil : .text
    }

    private struct Choice {
        let format: ExpositionFormat
        let weight: Double
        /// Of the range that gave the weight; formats of one range stand in the order of their declaration.
        let place: Int
    }

    /// The most specific range that matches counts (RFC 9110 section 12.5.1).
    private func choice(among ranges: [WeightedList.Element]) -> Choice? {
        var best: (specificity: Int, place: Int)?
        for (place, range) in ranges.enumerated() {
            guard let specificity = specificity(of: range), specificity > best?.specificity ?? -1 else { continue }
            best = (specificity, place)
        }
        return best.map { Choice(format: self, weight: ranges[$0.place].weight, place: $0.place) }
    }

    /// nil where the range is not about this format.
    private func specificity(of range: WeightedList.Element) -> Int? {
        switch range.name {
        case "*/*": return 0
        case "text/*" where self == .text, "application/*" where self != .text: return 1
        case mediaType: break
        default: return nil
        }
        // Others, such as charset and escaping, ask for what these answers are anyway.
        let decisive = range.parameters.filter { parameters[$0.name] != nil }
        guard decisive.allSatisfy({ parameters[$0.name] == $0.value.lowercased() }) else { return nil }
        return 2 + decisive.count
    }

    private var mediaType: String { String(contentType.prefix { $0 != ";" }) }

    private var parameters: [String: String] {
        switch self {
        case .text: ["version": "0.0.4"]
        case .openMetrics: ["version": "1.0.0"]
        case .protobuf: ["proto": "io.prometheus.client.metricfamily", "encoding": "delimited"]
        }
    }
}
