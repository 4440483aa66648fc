/// How a process's log looks in systemd's journal.
public struct JournalOptions: Sendable, Equatable {
    /// SYSLOG_IDENTIFIER: what `journalctl -t` asks for.
    public var identifier: String
    /// In front of the fields whose own name means something else in the journal or says too little there: with
    /// `MYSERVICE_`, `event` becomes MYSERVICE_EVENT. Upper case letters, digits and underscores, a letter first.
    public var prefix: String
    /// A longer entry is written without its fields, which TRUNCATED then tells. Above some hundred kilobytes an entry
    /// travels in memory of its own (memfd).
    public var maxEntryBytes: Int

    public static let defaultMaxEntryBytes = 64 * 1024

    public init(identifier: String, prefix: String, maxEntryBytes: Int = defaultMaxEntryBytes) {
        self.identifier = identifier
        self.prefix = prefix
        self.maxEntryBytes = maxEntryBytes
    }
}
