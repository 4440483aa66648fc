import Dispatch
import Logging
import Synchronization

/// Lines in, from any thread, without waiting; one thread of its own writes them out.
///
/// Holds at most twice `capacity` bytes: the buffer callers append to, and the lines the thread has taken from it.
/// While the output fails or stalls the thread keeps its lines and tries again, callers fill the buffer, and what finds
/// it full is dropped and counted.
final class LogWriter: Sendable {
    private let state: Mutex<LogWriterState>
    private let wake = DispatchSemaphore(value: 0)

    init(capacity: Int) {
        state = Mutex(LogWriterState(buffer: LogBuffer(capacity: capacity)))
    }

    var statistics: LogStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.dropped = state.buffer.dropped
            return statistics
        }
    }

    func append(_ line: [UInt8], level: Logger.Level) {
        state.withLock { state in
            if state.buffer.append(line, level: level), state.activity == .idle { signal(&state) }
        }
    }

    func reopen() {
        request { $0.reopenRequested = true }
    }

    /// For the thread to look around.
    func wakeUp() { request { _ in } }

    /// True where everything appended before the call was written within `limit`; false as soon as the output fails.
    func flush(within limit: Duration) -> Bool {
        let flush = LogFlush()
        request { $0.add(flush) }
        return flush.wait(within: limit)
    }

    /// Flushes and ends the thread. A thread that hangs in a blocking write is left behind.
    func close(within limit: Duration) -> Bool {
        let flush = LogFlush()
        request {
            $0.add(flush)
            $0.isClosing = true
        }
        let wroteAll = flush.wait(within: limit)
        if !wroteAll { request { $0.isAbandoned = true } }
        return wroteAll
    }

    private func request(_ change: (inout LogWriterState) -> Void) {
        state.withLock { state in
            change(&state)
            if state.activity != .busy { signal(&state) }
        }
    }

    private func signal(_ state: inout LogWriterState) {
        state.activity = .busy
        wake.signal()
    }
}

/// The writer thread's side.
extension LogWriter {
    /// What to do next. Fills `lines`, when they are all written, with what has come in; `lost` turns the number of
    /// records dropped since into a line that follows them.
    func nextWork(_ lines: inout UnwrittenLines, lost: (LogLevelCounts) -> [UInt8]) -> LogWriterState.Work {
        let (work, dropped) = state.withLock { $0.nextWork(&lines) }
        if let dropped { lines.bytes.append(contentsOf: lost(dropped)) }
        return work
    }

    /// For ever where `milliseconds` is nil.
    func waitForWork(milliseconds: Int?) {
        guard let milliseconds else { return wake.wait() }
        _ = wake.wait(timeout: .now() + .milliseconds(milliseconds))
        state.withLock { $0.activity = .busy }
    }

    func wrote(bytes: Int, lines: Int) {
        state.withLock { state in
            state.statistics.bytes += UInt64(bytes)
            state.statistics.written += UInt64(lines)
        }
    }

    /// The output will never take a record of this level.
    func refused(_ level: Logger.Level) {
        state.withLock { $0.buffer.lost(level) }
    }

    func stalled() {
        state.withLock { $0.statistics.stalls += 1 }
    }

    /// Whoever waits for a flush waits no longer.
    func failed() {
        state.withLock { $0.failed() }
    }

    /// Until a request comes in, or for that long.
    func waitForRetry(milliseconds: Int) {
        guard state.withLock({ $0.activity == .backingOff }) else { return }
        _ = wake.wait(timeout: .now() + .milliseconds(milliseconds))
        state.withLock { $0.activity = .busy }
    }
}
