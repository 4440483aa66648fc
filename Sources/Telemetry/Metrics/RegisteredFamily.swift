/// A family as the registry keeps it and a snapshot shares it: its declaration and its series.
struct RegisteredFamily: Sendable {
    let declaration: MetricDeclaration
    var series: [RegisteredSeries]

    init(declaration: MetricDeclaration) {
        self.declaration = declaration
        series = []
    }

    init(run: SeriesRun) {
        declaration = run.declaration
        let names = declaration.labels.map(\.name)
        series = (0..<run.count).map { index in
            let labels = zip(names, run.declaration.values(at: index)).map { SeriesLabel(name: $0, value: $1) }
            return RegisteredSeries(labels: SeriesLabels(labels), cells: run.cells(of: index))
        }
    }
}

struct RegisteredSeries: Sendable {
    let labels: SeriesLabels
    let cells: SeriesCells
}

public struct SeriesLabel: Hashable, Sendable {
    public let name: String
    public let value: String
}

/// Labels of one series, with their text form made once: every text format escapes alike.
public struct SeriesLabels: Sendable {
    public let pairs: [SeriesLabel]
    /// `a="b",c="d"`, without braces.
    public let text: [UInt8]

    init(_ pairs: [SeriesLabel]) {
        self.pairs = pairs
        var text: [UInt8] = []
        for pair in pairs {
            if !text.isEmpty { text.append(UInt8(ascii: ",")) }
            text.append(contentsOf: pair.name.utf8)
            text.append(contentsOf: #"=""#.utf8)
            text.appendEscaped(pair.value, quote: true)
            text.append(UInt8(ascii: "\""))
        }
        self.text = text
    }
}

extension [UInt8] {
    /// Backslash and line feed, and in label values the quote: the only bytes the text formats escape.
    mutating func appendEscaped(_ value: String, quote: Bool) {
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append(contentsOf: #"\\"#.utf8)
            case UInt8(ascii: "\n"): append(contentsOf: #"\n"#.utf8)
            case UInt8(ascii: "\"") where quote: append(contentsOf: #"\""#.utf8)
            default: append(byte)
            }
        }
    }
}
