import CMalloc
import Glibc
import Logging
import RelayCore
import RelayTelemetry
import Synchronization

/// Looks at resident memory, off the loops, and tells them where it stands.
final class MemoryWatch: Sendable {
    /// Ten times a second, and a hundred times from half the ceiling on: at 500 MB a second of messages that nobody
    /// reads, 5 % of 140 MiB fill in 14 ms. A look costs some 10 us.
    private static func interval(_ bytes: Int, of ceiling: Int?) -> Duration {
        guard let ceiling, bytes > ceiling / 2 else { return .milliseconds(100) }
        return .milliseconds(10)
    }

    /// What connections gave back the allocator keeps; while memory is short it is asked for it, which holds up whoever
    /// allocates for some milliseconds.
    private static let looksBetweenTrims = 20

    private struct State {
        var marks: MemoryWatermarks
        var bytes = 0
        var looksUntilTrim = 0
    }

    private let logger: Logger
    private let limits: CgroupLimits
    private let state: Mutex<State>

    init(configured: Int, limits: CgroupLimits, logger: Logger) {
        self.logger = logger
        self.limits = limits
        state = Mutex(State(marks: MemoryWatermarks(ceiling: limits.memoryCeiling(configured: configured))))
    }

    /// Of `limits.max_memory_bytes`, as it was read again.
    func limit(configured: Int) {
        state.withLock { $0.marks.ceiling = limits.memoryCeiling(configured: configured) }
    }

    var now: (bytes: Int, ceiling: Int?, level: MemoryLevel) {
        state.withLock { ($0.bytes, $0.marks.ceiling, $0.marks.level) }
    }

    var reading: RelayReadings.Memory {
        let now = now
        var reading = RelayReadings.Memory()
        reading.level = now.level
        reading.limitBytes = now.ceiling ?? 0
        return reading
    }

    /// Until it is cancelled.
    func run(telling turned: (MemoryLevel) -> Void) async throws {
        while true {
            if let bytes = Self.residentBytes() { look(bytes, telling: turned) }
            let now = now
            try await Task.sleep(for: Self.interval(now.bytes, of: now.ceiling))
        }
    }

    private func look(_ bytes: Int, telling turned: (MemoryLevel) -> Void) {
        let (level, isTurn, isTrimDue) = state.withLock { state in
            state.bytes = bytes
            let isTurn = state.marks.looked(bytes: bytes)
            let isShort = state.marks.level != .normal
            let isTrimDue = isShort && state.looksUntilTrim == 0
            state.looksUntilTrim = isTrimDue ? Self.looksBetweenTrims : max(0, state.looksUntilTrim - 1)
            return (state.marks.level, isTurn, isTrimDue)
        }
        if isTurn {
            tell(level, bytes)
            turned(level)
        }
        if isTrimDue { malloc_trim(0) }
    }

    private func tell(_ level: MemoryLevel, _ bytes: Int) {
        let fields: Logger.Metadata = [
            "memory": "\(level.rawValue)", "bytes": "\(bytes)", "limit": "\(now.ceiling ?? 0)",
        ]
        switch level {
        case .normal: logger.notice("memory suffices again", metadata: fields)
        case .tight: logger.warning("memory is short: no new connections", metadata: fields)
        case .full: logger.error("memory is short: no new connections or messages", metadata: fields)
        }
    }

    /// The second field of /proc/self/statm.
    private static func residentBytes() -> Int? {
        let fields = smallFile("/proc/self/statm")?.split(separator: " ") ?? []
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}
