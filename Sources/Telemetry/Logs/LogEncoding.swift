/// From an entry to the bytes that its output takes.
enum LogEncoding {
    case lines(LogFormat)
    case journal(JournalOptions)

    init(_ destination: LogDestination, _ format: LogFormat) {
        if case .journal(let options) = destination { self = .journal(options) } else { self = .lines(format) }
    }

    func bytes(_ entry: LogEntry) -> [UInt8] {
        switch self {
        case .lines(let format): format.line(entry)
        case .journal(let options): JournalRecord(entry, options).bytes
        }
    }

    var maxBytes: Int {
        switch self {
        case .lines: LogFormat.maxLineBytes
        case .journal(let options): options.maxEntryBytes
        }
    }
}
