import Logging

/// One log line on its way to the journal: its length, its level, then each field as its length and `NAME=value`, which
/// is what the journal's library takes. Numbers are of this machine's byte order; the bytes never leave the process.
struct JournalRecord {
    private static let headBytes = 5

    private(set) var bytes: [UInt8] = []

    init(_ entry: LogEntry, _ options: JournalOptions) {
        encode(entry, entry.fields, options)
        guard bytes.count > options.maxEntryBytes else { return }
        encode(entry, nil, options)
    }

    /// - Parameter fields: nil where they were too long.
    private mutating func encode(_ entry: LogEntry, _ fields: Logger.Metadata?, _ options: JournalOptions) {
        bytes = [0, 0, 0, 0, UInt8(entry.level.index)]
        append("MESSAGE", text: fields == nil ? LineText.cut(entry.message) : entry.message)
        append("PRIORITY", text: "\(entry.level.syslogPriority)")
        append("SYSLOG_IDENTIFIER", text: options.identifier)
        append("LOGGER", text: entry.logger)
        for (key, value) in (fields ?? [:]).sorted(by: { $0.key < $1.key }) {
            append(JournalFieldName(key, prefix: options.prefix).bytes) { Self.append(value, to: &$0) }
        }
        if fields == nil { append("TRUNCATED", text: "true") }
        Self.write(UInt32(bytes.count - 4), at: 0, in: &bytes)
    }

    private mutating func append(_ name: StaticString, text: String) {
        append(Array("\(name)".utf8)) { $0.append(contentsOf: text.utf8) }
    }

    private mutating func append(_ name: [UInt8], value: (inout [UInt8]) -> Void) {
        let start = bytes.count
        bytes.append(contentsOf: [0, 0, 0, 0])
        bytes.append(contentsOf: name)
        bytes.append(UInt8(ascii: "="))
        value(&bytes)
        Self.write(UInt32(bytes.count - start - 4), at: start, in: &bytes)
    }

    /// Text as it is, newlines included; what has parts as JSON.
    private static func append(_ value: Logger.MetadataValue, to bytes: inout [UInt8]) {
        switch value {
        case .string(let text): bytes.append(contentsOf: text.utf8)
        case .stringConvertible(let scalar): bytes.append(contentsOf: scalar.description.utf8)
        case .array, .dictionary: JSONLine.append(value, to: &bytes)
        }
    }

    private static func write(_ number: UInt32, at index: Int, in bytes: inout [UInt8]) {
        withUnsafeBytes(of: number) { bytes.replaceSubrange(index..<index + 4, with: $0) }
    }
}

extension JournalRecord {
    /// What begins at `offset` of a buffer of records.
    struct View {
        let level: Logger.Level
        /// With its head.
        let length: Int
        /// Where each `NAME=value` lies in the buffer.
        let fields: [Range<Int>]

        init(_ buffer: UnsafeRawBufferPointer, at offset: Int) {
            func number(at index: Int) -> Int { Int(buffer.loadUnaligned(fromByteOffset: index, as: UInt32.self)) }
            length = 4 + number(at: offset)
            level = Logger.Level.byIndex[Int(buffer[offset + 4])]
            var fields: [Range<Int>] = []
            var index = offset + JournalRecord.headBytes
            while index < offset + length {
                let start = index + 4
                index = start + number(at: index)
                fields.append(start..<index)
            }
            self.fields = fields
        }
    }
}

extension Logger.Level {
    /// Of syslog(3).
    var syslogPriority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
