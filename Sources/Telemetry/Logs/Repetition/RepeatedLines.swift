import Logging

/// Which of the lines that repeat are written, and how many were not. Times are nanoseconds of a monotonic clock.
struct RepeatedLines {
    struct Line: Hashable {
        var level: Logger.Level
        var message: String
        var logger: String
    }

    struct HeldBack: Equatable {
        var line: Line
        var count: UInt64
    }

    private struct Entry {
        var limit: RateLimit
        var heldBack: UInt64 = 0

        init(_ repetition: LogRepetition) {
            limit = RateLimit(perSecond: repetition.perSecond, burst: Double(repetition.burst))
        }
    }

    private static let sweepEvery: UInt64 = 1_000_000_000

    /// nil where nothing is held back.
    private let repetition: LogRepetition?
    private var entries: [Line: Entry] = [:]
    private var sweptAt: UInt64?
    /// Since the start.
    private(set) var heldBack: UInt64 = 0
    /// When there is something to tell; nil while nothing is held back.
    private(set) var reportAt: UInt64?

    init(_ repetition: LogRepetition?) { self.repetition = repetition }

    mutating func admits(_ line: Line, at now: UInt64) -> Bool {
        guard let repetition, LogRepetition.applies(to: line.level) else { return true }
        guard makeRoom(for: line, upTo: repetition.maxLines, at: now) else { return true }
        var entry = entries[line] ?? Entry(repetition)
        defer { entries[line] = entry }
        guard !entry.limit.take(at: now) else { return true }
        entry.heldBack += 1
        heldBack += 1
        if reportAt == nil { reportAt = now + repetition.reportAfterNanoseconds }
        return false
    }

    /// What was held back since this was last asked, at `reportAt` or later; before that nothing.
    mutating func report(at now: UInt64) -> [HeldBack] {
        guard let reportAt, now >= reportAt else { return [] }
        return reportAll()
    }

    mutating func reportAll() -> [HeldBack] {
        reportAt = nil
        var report: [HeldBack] = []
        for (line, entry) in entries where entry.heldBack > 0 {
            report.append(HeldBack(line: line, count: entry.heldBack))
            entries[line]?.heldBack = 0
        }
        return report.sorted { ($0.line.level, $0.line.message) > ($1.line.level, $1.line.message) }
    }

    /// A line that has not come for so long that all its tokens are back is forgotten; looked for once a second at
    /// most.
    private mutating func makeRoom(for line: Line, upTo count: Int, at now: UInt64) -> Bool {
        guard entries.count >= count, entries[line] == nil else { return true }
        if let sweptAt, now < sweptAt + Self.sweepEvery { return false }
        sweptAt = now
        entries = entries.filter { $0.value.heldBack > 0 || !$0.value.limit.isFull(at: now) }
        return entries.count < count
    }
}
