public import Logging

/// Which records a reader of the log wants.
public struct LogFilter: Sendable, Equatable {
    /// nil: what the log's output gets.
    public var level: Logger.Level?
    /// What fields must be, by name.
    public var fields: [String: String] = [:]
    /// What a field's value must contain, whichever field.
    public var mention: String?
    /// What the line as text must contain.
    public var text: String?

    public init(level: Logger.Level? = nil) { self.level = level }

    func admits(_ record: LogRecord) -> Bool {
        isInterested(in: record.entry.level, isWritten: record.isWritten)
            && fields.allSatisfy { record.entry.fields[$0.key]?.description == $0.value }
            && mention.map { isMentioned($0, in: record.entry) } ?? true
            && text.map { LogFormat.text(colour: false).line(record.entry).contains(Array($0.utf8)) } ?? true
    }

    func isInterested(in level: Logger.Level, isWritten: Bool) -> Bool {
        self.level.map { level >= $0 } ?? isWritten
    }

    private func isMentioned(_ text: String, in entry: LogEntry) -> Bool {
        entry.fields.values.contains { Array($0.description.utf8).contains(Array(text.utf8)) }
    }
}

extension [UInt8] {
    fileprivate func contains(_ part: [UInt8]) -> Bool {
        guard let head = part.first else { return true }
        var start = startIndex
        while let found = self[start...].firstIndex(of: head) {
            if self[found...].starts(with: part) { return true }
            start = found + 1
        }
        return false
    }
}
