import Logging

/// Encoded lines on their way to the writer, bounded in bytes.
struct LogBuffer {
    let capacity: Int
    private(set) var lines: [UInt8] = []
    private(set) var dropped = LogLevelCounts()
    private var unreported = LogLevelCounts()

    init(capacity: Int) {
        self.capacity = capacity
        lines.reserveCapacity(capacity)
    }

    /// False where there is no room. The last quarter is kept for warnings and worse: a flood of lesser records must
    /// not hide what caused it.
    mutating func append(_ line: [UInt8], level: Logger.Level) -> Bool {
        let limit = level >= .warning ? capacity : capacity / 4 * 3
        guard lines.count + line.count <= limit else {
            lost(level)
            return false
        }
        lines.append(contentsOf: line)
        return true
    }

    mutating func lost(_ level: Logger.Level) {
        dropped[level] += 1
        unreported[level] += 1
    }

    /// Hands the lines over and goes on with the (emptied) storage it gets for them.
    mutating func swapLines(with storage: inout [UInt8]) {
        storage.removeAll(keepingCapacity: true)
        swap(&lines, &storage)
    }

    /// What was dropped since this was last asked; nil where nothing was.
    mutating func takeUnreported() -> LogLevelCounts? {
        guard unreported.total > 0 else { return nil }
        defer { unreported = LogLevelCounts() }
        return unreported
    }
}

/// Lines the writer has taken, and how far the output got with them.
struct UnwrittenLines {
    var bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: [UInt8] = []) { self.bytes = bytes }

    var isEmpty: Bool { offset == bytes.count }

    mutating func restart() { offset = 0 }

    /// The output took `count` more bytes. Returns how many lines that completed.
    mutating func advance(by count: Int) -> Int {
        let taken = offset..<offset + count
        offset = taken.upperBound
        return bytes[taken].count { $0 == UInt8(ascii: "\n") }
    }

    /// The same of a record, which is no line.
    mutating func skip(_ count: Int) { offset += count }

    /// Before another file is written to: a line the last one got a part of begins anew, and on a line of its own.
    mutating func beginFile(endingMidLine: Bool) {
        while offset > 0 && bytes[offset - 1] != UInt8(ascii: "\n") { offset -= 1 }
        if endingMidLine { bytes.insert(UInt8(ascii: "\n"), at: offset) }
    }
}
