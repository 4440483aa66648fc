import Logging

enum TextLine {
    static func append(_ entry: LogEntry, colour: Bool, to bytes: inout [UInt8]) {
        RFC3339.append(unixMilliseconds: entry.time, to: &bytes)
        bytes.append(UInt8(ascii: " "))
        append(entry.level, colour: colour, to: &bytes)
        bytes.append(UInt8(ascii: " "))
        LineText.appendEscaped(entry.message, to: &bytes)
        for (name, value) in entry.fields.sorted(by: { $0.key < $1.key }) {
            bytes.append(UInt8(ascii: " "))
            LineText.appendEscaped(name, to: &bytes)
            bytes.append(UInt8(ascii: "="))
            append(value, to: &bytes)
        }
    }

    private static func append(_ level: Logger.Level, colour: Bool, to bytes: inout [UInt8]) {
        let name = level.rawValue.uppercased()
        if colour { bytes.append(contentsOf: "\u{1B}[\(colourCode(level))m".utf8) }
        bytes.append(contentsOf: name.utf8)
        if colour { bytes.append(contentsOf: "\u{1B}[0m".utf8) }
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 8 - name.utf8.count))
    }

    private static func colourCode(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 2
        case .info, .notice: 32
        case .warning: 33
        case .error, .critical: 31
        }
    }

    /// Bare where that reads back unambiguously, else as JSON.
    private static func append(_ value: Logger.MetadataValue, to bytes: inout [UInt8]) {
        let text: String
        switch value {
        case .string(let string): text = string
        case .stringConvertible(let scalar): text = scalar.description
        case .array, .dictionary: return JSONLine.append(value, to: &bytes)
        }
        let isBare = !text.isEmpty && !text.utf8.contains { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "=") }
        if isBare && !LineText.needsEscape(text) {
            LineText.appendEscaped(text, to: &bytes)
        } else {
            LineText.appendQuoted(text, to: &bytes)
        }
    }
}
