import Glibc
import Logging

/// What the writer thread writes to.
enum LogOutput {
    case stream(LogStream)
    case journal(JournalOutput)

    enum Outcome: Equatable {
        /// Of lines, whole or not.
        case took(bytes: Int)
        /// A record of the journal's.
        case tookRecord(bytes: Int)
        /// Nothing will make the output take this one.
        case refusedRecord(bytes: Int, level: Logger.Level)
        /// A non-blocking output is full.
        case wouldBlock
        case failed(code: Int32)
    }

    init(_ destination: LogDestination) throws(LogStartError) {
        switch destination {
        case .descriptor(let descriptor): self = .stream(LogStream(descriptor: descriptor))
        case .file(let path): self = .stream(try LogStream(path: path))
        case .journal:
            guard JournalOutput.isThere else { throw .noJournal(path: JournalOutput.socketPath) }
            self = .journal(JournalOutput())
        }
    }

    /// Opens a file's path again, for log rotation. The old file stays in use where that fails.
    /// - Returns: false where the output is no file of ours and goes on as it is.
    mutating func reopen() throws(LogStartError) -> Bool {
        guard case .stream(var stream) = self else { return false }
        defer { self = .stream(stream) }
        return try stream.reopen()
    }

    var endsMidLine: Bool {
        guard case .stream(let stream) = self else { return false }
        return stream.endsMidLine
    }

    func close() {
        if case .stream(let stream) = self { stream.close() }
    }

    func write(_ lines: UnwrittenLines) -> Outcome {
        switch self {
        case .stream(let stream): stream.write(lines)
        case .journal(let journal): journal.write(lines)
        }
    }

    /// Waits until a non-blocking output has room, or for that long.
    func waitForRoom(milliseconds: Int32) {
        if case .stream(let stream) = self { stream.waitForRoom(milliseconds: milliseconds) }
    }
}
