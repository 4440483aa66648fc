public import Logging

/// What one log line says, before it has a format.
public struct LogEntry: Sendable {
    /// Milliseconds since 1970.
    public var time: Int64
    public var level: Logger.Level
    /// Constant text; what varies is in `fields`.
    public var message: String
    public var logger: String
    public var fields: Logger.Metadata

    public init(time: Int64, level: Logger.Level, message: String, logger: String, fields: Logger.Metadata) {
        self.time = time
        self.level = level
        self.message = message
        self.logger = logger
        self.fields = fields
    }
}

public enum LogFormat: Sendable, Equatable {
    /// One JSON object a line: `timestamp`, `level`, `message`, `logger`, then the fields by name.
    case json
    /// Time, level, message and `key=value`, for people.
    case text(colour: Bool)

    /// A line over this many bytes is written without its fields, which `truncated` then tells. Container runtimes and
    /// journald split lines of some tens of kilobytes.
    public static let maxLineBytes = 32 * 1024

    /// One line with its newline, at most `maxLineBytes` long.
    public func line(_ entry: LogEntry) -> [UInt8] {
        let line = encode(entry)
        guard line.count > Self.maxLineBytes else { return line }
        var short = entry
        short.fields = ["truncated": .stringConvertible(true)]
        return encode(short)
    }

    private func encode(_ entry: LogEntry) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        switch self {
        case .json: JSONLine.append(entry, to: &bytes)
        case .text(let colour): TextLine.append(entry, colour: colour, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }
}
