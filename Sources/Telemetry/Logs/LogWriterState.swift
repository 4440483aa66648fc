import Logging

/// What callers and the writer thread know of each other, behind the writer's lock.
struct LogWriterState {
    enum Activity {
        case busy
        case idle
        /// Waiting before the next attempt on an output that failed: more lines are no reason to hurry.
        case backingOff
    }

    enum Work: Equatable {
        case write
        case reopen
        case wait
        case stop
    }

    var buffer: LogBuffer
    var statistics = LogStatistics()
    var activity = Activity.busy
    var reopenRequested = false
    /// Ends the thread once all is written, or at the next failure.
    var isClosing = false
    /// Ends the thread where it stands.
    var isAbandoned = false
    private var isStopped = false
    /// Times the thread took the buffer.
    private var swaps: UInt64 = 0
    private var flushes: [LogFlush] = []

    init(buffer: LogBuffer) { self.buffer = buffer }

    /// What was appended before is in the lines taken last or will be in those taken next.
    mutating func add(_ flush: LogFlush) {
        guard !isStopped else { return flush.complete(wroteAll: false) }
        var flush = flush
        flush.target = swaps + 1
        flushes.append(flush)
    }

    /// Also what was dropped since the lines that `lines` now holds, to be told after them.
    mutating func nextWork(_ lines: inout UnwrittenLines) -> (Work, lost: LogLevelCounts?) {
        guard !isAbandoned else { return (stop(), nil) }
        if reopenRequested {
            reopenRequested = false
            return (.reopen, nil)
        }
        guard lines.isEmpty else { return (.write, nil) }
        completeFlushes(through: swaps, wroteAll: true)
        lines.restart()
        buffer.swapLines(with: &lines.bytes)
        swaps += 1
        let lost = buffer.takeUnreported()
        guard lines.isEmpty && lost == nil else { return (.write, lost) }
        completeFlushes(through: swaps, wroteAll: true)
        guard !isClosing else { return (stop(), nil) }
        activity = .idle
        return (.wait, nil)
    }

    /// Whoever waits for a flush waits no longer.
    mutating func failed() {
        statistics.writeErrors += 1
        completeFlushes(through: .max, wroteAll: false)
        if isClosing {
            isAbandoned = true
        } else {
            activity = .backingOff
        }
    }

    private mutating func stop() -> Work {
        isStopped = true
        activity = .busy
        completeFlushes(through: .max, wroteAll: false)
        return .stop
    }

    private mutating func completeFlushes(through swap: UInt64, wroteAll: Bool) {
        for flush in flushes where flush.target <= swap { flush.complete(wroteAll: wroteAll) }
        flushes.removeAll { $0.target <= swap }
    }
}
