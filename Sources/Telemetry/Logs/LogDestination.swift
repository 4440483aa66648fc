import Glibc

public enum LogDestination: Sendable, Equatable {
    /// Not closed in the end, and used as it is: a blocking one blocks the writer's thread only.
    case descriptor(Int32)
    /// Appended to, created with mode 0640 less the umask.
    case file(path: String)
    /// systemd's journal, with fields of their own. The back end's format does not matter here.
    case journal(JournalOptions)

    public static let standardOutput = LogDestination.descriptor(STDOUT_FILENO)
    public static let standardError = LogDestination.descriptor(STDERR_FILENO)
}

/// The log could not be started. Codes are errno's.
public enum LogStartError: Error, Sendable, Equatable, CustomStringConvertible {
    case file(path: String, code: Int32)
    case thread(code: Int32)
    case noJournal(path: String)

    public var description: String {
        switch self {
        case .file(let path, let code): "cannot open log file \(path): \(String(cString: strerror(code)))"
        case .noJournal(let path): "there is no journal to write to: no socket at \(path)"
        case .thread(let code): "cannot start the log writer's thread: \(String(cString: strerror(code)))"
        }
    }
}
