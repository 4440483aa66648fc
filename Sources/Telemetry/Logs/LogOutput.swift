import Glibc

public enum LogDestination: Sendable, Equatable {
    /// Not closed in the end, and used as it is: a blocking one blocks the writer's thread only.
    case descriptor(Int32)
    /// Appended to, created with mode 0640 less the umask.
    case file(path: String)

    public static let standardOutput = LogDestination.descriptor(STDOUT_FILENO)
    public static let standardError = LogDestination.descriptor(STDERR_FILENO)
}

/// The log could not be started. Codes are errno's.
public enum LogStartError: Error, Sendable, Equatable, CustomStringConvertible {
    case file(path: String, code: Int32)
    case thread(code: Int32)

    public var description: String {
        switch self {
        case .file(let path, let code): "cannot open log file \(path): \(String(cString: strerror(code)))"
        case .thread(let code): "cannot start the log writer's thread: \(String(cString: strerror(code)))"
        }
    }
}

/// The descriptor the writer thread writes to.
struct LogOutput {
    enum Outcome: Equatable {
        case took(bytes: Int)
        /// A non-blocking output is full.
        case wouldBlock
        case failed(code: Int32)
    }

    /// At most this much a call, so that statistics move while a slow output takes a full buffer.
    private static let maxWriteBytes = 64 * 1024

    private let destination: LogDestination
    private var descriptor: Int32

    init(_ destination: LogDestination) throws(LogStartError) {
        self.destination = destination
        descriptor = try Self.open(destination)
    }

    /// Opens the path again, for log rotation. The old file stays in use where that fails.
    mutating func reopen() throws(LogStartError) {
        guard case .file = destination else { return }
        let successor = try Self.open(destination)
        close()
        descriptor = successor
    }

    /// A process before this one left a part of a line at the end of the file, its disk being full.
    var endsMidLine: Bool {
        guard case .file(let path) = destination else { return false }
        let reader = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard reader >= 0 else { return false }
        defer { _ = Glibc.close(reader) }
        var status = stat()
        guard fstat(reader, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else { return false }
        var last = UInt8(ascii: "\n")
        return pread(reader, &last, 1, status.st_size - 1) == 1 && last != UInt8(ascii: "\n")
    }

    func close() {
        if case .file = destination { _ = Glibc.close(descriptor) }
    }

    func write(_ lines: UnwrittenLines) -> Outcome {
        let taken = lines.bytes.withUnsafeBytes { bytes in
            let rest = bytes[lines.offset...].prefix(Self.maxWriteBytes)
            return Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        }
        guard taken < 0 else { return .took(bytes: taken) }
        switch errno {
        case EINTR: return .took(bytes: 0)
        case EAGAIN: return .wouldBlock
        case let code: return .failed(code: code)
        }
    }

    /// Waits until a non-blocking output has room, or for that long.
    func waitForRoom(milliseconds: Int32) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&entry, 1, milliseconds)
    }

    /// `O_NONBLOCK` keeps a named pipe without a reader from holding up the start; regular files ignore it.
    private static func open(_ destination: LogDestination) throws(LogStartError) -> Int32 {
        switch destination {
        case .descriptor(let descriptor): return descriptor
        case .file(let path):
            let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
            let descriptor = Glibc.open(path, flags, 0o640)
            guard descriptor >= 0 else { throw .file(path: path, code: errno) }
            return descriptor
        }
    }
}
