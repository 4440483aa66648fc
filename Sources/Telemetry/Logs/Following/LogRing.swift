import Logging

/// A record that the log's output got, or only those who follow at a lower level.
struct LogRecord: Sendable {
    var entry: LogEntry
    var isWritten: Bool
}

/// The last records, bounded in bytes of memory as reckoned, each known by a number that is never given out again.
struct LogRing {
    private static let recordBytes = 256
    private static let fieldBytes = 64

    private let capacity: Int
    private var slots: [LogRecord?]
    private(set) var bytes = 0
    /// Of the oldest record kept.
    private(set) var first: UInt64 = 0
    /// Of the record that comes next.
    private(set) var next: UInt64 = 0

    init(capacity: Int) {
        self.capacity = capacity
        slots = Array(repeating: nil, count: max(1, capacity / Self.recordBytes))
    }

    /// - Parameter number: from `first` on, below `next`.
    subscript(number: UInt64) -> LogRecord? { slots[place(of: number)] }

    /// What no line would hold is kept without its fields, as `LogFormat.line` has it.
    /// - Parameter forgot: called with each record that makes room, and its number.
    mutating func append(_ record: LogRecord, forgot: (UInt64, LogRecord) -> Void = { _, _ in }) {
        var record = record
        if Self.bytes(of: record) > min(capacity, LogFormat.maxLineBytes) {
            record.entry.fields = ["truncated": .stringConvertible(true)]
        }
        let needed = Self.bytes(of: record)
        while first < next, bytes + needed > capacity || next - first == UInt64(slots.count) {
            if let record = forgetFirst() { forgot(first - 1, record) }
        }
        slots[place(of: next)] = record
        bytes += needed
        next += 1
    }

    private mutating func forgetFirst() -> LogRecord? {
        let place = place(of: first)
        defer { slots[place] = nil }
        bytes -= slots[place].map(Self.bytes) ?? 0
        first += 1
        return slots[place]
    }

    private func place(of number: UInt64) -> Int { Int(number % UInt64(slots.count)) }

    private static func bytes(of record: LogRecord) -> Int {
        record.entry.fields.reduce(recordBytes + record.entry.message.utf8.count) { sum, field in
            sum + fieldBytes + field.key.utf8.count + bytes(of: field.value)
        }
    }

    private static func bytes(of value: Logger.MetadataValue) -> Int {
        switch value {
        case .string(let text): text.utf8.count
        case .stringConvertible: fieldBytes
        case .array(let elements): elements.reduce(0) { $0 + fieldBytes + bytes(of: $1) }
        case .dictionary(let members):
            members.reduce(0) { $0 + fieldBytes + $1.key.utf8.count + bytes(of: $1.value) }
        }
    }
}
