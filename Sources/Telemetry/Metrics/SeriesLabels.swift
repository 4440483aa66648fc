public struct SeriesLabel: Hashable, Sendable {
    public let name: String
    public let value: String
}

/// Labels of one series, with what the formats write of them, made once.
public struct SeriesLabels: Sendable {
    public let pairs: [SeriesLabel]
    /// `a="b",c="d"`, without braces.
    public let text: [UInt8]
    /// Field 1 of a protobuf `Metric`.
    let protobuf: [UInt8]

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
        protobuf = pairs.reduce(into: []) { bytes, pair in
            bytes.appendField(1) { label in
                label.appendField(1, text: pair.name)
                label.appendField(2, text: pair.value)
            }
        }
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
