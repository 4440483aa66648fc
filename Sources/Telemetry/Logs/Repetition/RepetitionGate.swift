import Glibc
import Logging
import Synchronization

/// Where every logger asks, and where the writer's thread fetches what it has to tell.
final class RepetitionGate: Sendable {
    private let lines: Mutex<RepeatedLines>
    /// Wakes the writer's thread, which does not look at the clock while nothing is held back.
    private let wake: @Sendable () -> Void

    init(_ repetition: LogRepetition?, wake: @escaping @Sendable () -> Void) {
        lines = Mutex(RepeatedLines(repetition))
        self.wake = wake
    }

    var heldBack: UInt64 { lines.withLock { $0.heldBack } }

    func admits(_ line: @autoclosure () -> RepeatedLines.Line, level: Logger.Level) -> Bool {
        guard LogRepetition.applies(to: level) else { return true }
        let (isAdmitted, isFirst) = lines.withLock { lines in
            let hadReport = lines.reportAt != nil
            let isAdmitted = lines.admits(line(), at: Self.now)
            return (isAdmitted, !hadReport && lines.reportAt != nil)
        }
        if isFirst { wake() }
        return isAdmitted
    }

    func report() -> [LogEntry] { lines.withLock { $0.report(at: Self.now) }.map(\.entry) }

    /// At the end, without waiting for its time.
    func reportAll() -> [LogEntry] { lines.withLock { $0.reportAll() }.map(\.entry) }

    /// Until the next report; nil while there is none to come.
    var millisecondsToReport: Int? {
        lines.withLock { $0.reportAt }.map { Int(($0 - min($0, Self.now) + 999_999) / 1_000_000) }
    }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension RepeatedLines.HeldBack {
    /// Of the level of what was held back: who filters by level misses neither or both.
    fileprivate var entry: LogEntry {
        LogEntry(
            time: WallClock.unixMilliseconds(),
            level: line.level,
            message: "log lines held back",
            logger: "log",
            fields: [
                "held_back": .stringConvertible(count), "held_message": .string(line.message),
                "held_logger": .string(line.logger),
            ]
        )
    }
}
