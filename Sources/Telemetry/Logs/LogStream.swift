import Glibc

/// The descriptor the writer thread writes to.
struct LogStream {
    /// At most this much a call, so that statistics move while a slow output takes a full buffer.
    private static let maxWriteBytes = 64 * 1024

    /// nil where the descriptor is somebody else's.
    private let path: String?
    private var descriptor: Int32

    /// Not closed in the end.
    init(descriptor: Int32) {
        path = nil
        self.descriptor = descriptor
    }

    init(path: String) throws(LogStartError) {
        self.path = path
        descriptor = try Self.open(path)
    }

    /// Opens the path again, for log rotation. The old file stays in use where that fails.
    /// - Returns: false where there is no path to open.
    mutating func reopen() throws(LogStartError) -> Bool {
        guard let path else { return false }
        let successor = try Self.open(path)
        close()
        descriptor = successor
        return true
    }

    /// A process before this one left a part of a line at the end of the file, its disk being full.
    var endsMidLine: Bool {
        guard let path else { return false }
        let reader = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard reader >= 0 else { return false }
        defer { _ = Glibc.close(reader) }
        var status = stat()
        guard fstat(reader, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else { return false }
        var last = UInt8(ascii: "\n")
        return pread(reader, &last, 1, status.st_size - 1) == 1 && last != UInt8(ascii: "\n")
    }

    func close() {
        if path != nil { _ = Glibc.close(descriptor) }
    }

    func write(_ lines: UnwrittenLines) -> LogOutput.Outcome {
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
    private static func open(_ path: String) throws(LogStartError) -> Int32 {
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
        let descriptor = Glibc.open(path, flags, 0o640)
        guard descriptor >= 0 else { throw .file(path: path, code: errno) }
        return descriptor
    }
}
