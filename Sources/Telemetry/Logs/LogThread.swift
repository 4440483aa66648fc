import Glibc
import Logging

/// The loop on the writer's thread.
struct LogThread {
    private static let retryMilliseconds = 100...1600

    private let writer: LogWriter
    private let encoding: LogEncoding
    private let repetition: RepetitionGate
    private let tail: LogTail
    private var output: LogOutput
    private var lines = UnwrittenLines()
    private var retry = Self.retryMilliseconds.lowerBound

    init(
        _ writer: LogWriter,
        _ output: LogOutput,
        _ encoding: LogEncoding,
        _ repetition: RepetitionGate,
        _ tail: LogTail,
        capacity: Int
    ) {
        self.writer = writer
        self.output = output
        self.encoding = encoding
        self.repetition = repetition
        self.tail = tail
        lines.bytes.reserveCapacity(capacity)
        lines.beginFile(endingMidLine: output.endsMidLine)
    }

    static func start(_ loop: LogThread) throws(LogStartError) {
        let start = Unmanaged.passRetained(ThreadStart(loop))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, runLogThread, start.toOpaque())
        guard code == 0 else {
            start.release()
            loop.output.close()
            throw .thread(code: code)
        }
        pthread_detach(thread)
    }

    mutating func run() {
        while true {
            for entry in repetition.report() { take(entry) }
            switch writer.nextWork(&lines, lost: lostLine) {
            case .write: write()
            case .reopen: reopen()
            case .wait: writer.waitForWork(milliseconds: repetition.millisecondsToReport)
            case .stop: return output.close()
            }
        }
    }

    private func take(_ entry: LogEntry) {
        writer.append(encoding.bytes(entry), level: entry.level)
        tail.append(LogRecord(entry: entry, isWritten: true))
    }

    private mutating func write() {
        switch output.write(lines) {
        case .took(let bytes):
            writer.wrote(bytes: bytes, lines: lines.advance(by: bytes))
            retry = Self.retryMilliseconds.lowerBound
        case .tookRecord(let bytes):
            lines.skip(bytes)
            writer.wrote(bytes: bytes, lines: 1)
            retry = Self.retryMilliseconds.lowerBound
        case .refusedRecord(let bytes, let level):
            lines.skip(bytes)
            writer.refused(level)
        case .wouldBlock:
            writer.stalled()
            output.waitForRoom(milliseconds: 100)
        case .failed:
            writer.failed()
            writer.waitForRetry(milliseconds: retry)
            retry = min(retry * 2, Self.retryMilliseconds.upperBound)
        }
    }

    private mutating func reopen() {
        do {
            guard try output.reopen() else { return }
            lines.beginFile(endingMidLine: output.endsMidLine)
        } catch {
            lines.bytes.append(
                contentsOf: line(.error, "log file not reopened, the old one stays in use", ["reason": "\(error)"])
            )
        }
    }

    private func lostLine(_ lost: LogLevelCounts) -> [UInt8] {
        var levels: Logger.Metadata = [:]
        for level in Logger.Level.allCases where lost[level] > 0 {
            levels[level.rawValue] = .stringConvertible(lost[level])
        }
        return line(
            .warning,
            "log records lost",
            ["lost": .stringConvertible(lost.total), "levels": .dictionary(levels)]
        )
    }

    private func line(_ level: Logger.Level, _ message: String, _ fields: Logger.Metadata) -> [UInt8] {
        let time = WallClock.unixMilliseconds()
        return encoding.bytes(LogEntry(time: time, level: level, message: message, logger: "log", fields: fields))
    }
}

/// A write to a pipe without a reader must fail with EPIPE here, whatever the process does about SIGPIPE; and no other
/// signal is this thread's business.
private func runLogThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    var signals = sigset_t()
    sigfillset(&signals)
    pthread_sigmask(SIG_SETMASK, &signals, nil)
    guard let argument else { return nil }
    var thread = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().thread
    thread.run()
    return nil
}

/// Carries the loop over `pthread_create`, which takes one pointer.
private final class ThreadStart {
    let thread: LogThread

    init(_ thread: LogThread) { self.thread = thread }
}
