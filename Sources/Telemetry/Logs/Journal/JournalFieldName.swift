/// A log field's name in the journal, which takes capitals, digits and underscores, neither of the latter two first,
/// and at most 64 of them; anything else it drops without a word.
///
/// Two keys that become one name are both kept: a journal entry may hold a field several times.
struct JournalFieldName {
    static let maxBytes = 64

    /// Names of systemd.journal-fields(7) that a program may set, those every entry has, and one that is too general to
    /// search a whole machine by.
    private static let taken: Set<String> = [
        "MESSAGE", "MESSAGE_ID", "PRIORITY", "CODE_FILE", "CODE_LINE", "CODE_FUNC", "ERRNO", "INVOCATION_ID",
        "USER_INVOCATION_ID", "SYSLOG_FACILITY", "SYSLOG_IDENTIFIER", "SYSLOG_PID", "SYSLOG_TIMESTAMP", "SYSLOG_RAW",
        "DOCUMENTATION", "TID", "UNIT", "USER_UNIT", "COREDUMP_UNIT", "COREDUMP_USER_UNIT", "OBJECT_PID", "LOGGER",
        "EVENT", "TRUNCATED",
    ]

    let bytes: [UInt8]

    init(_ key: String, prefix: String) {
        let mapped = key.utf8.map(Self.mapped)
        let isFirstLetter = mapped.first.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) } ?? false
        let needsPrefix = !isFirstLetter || Self.taken.contains(String(decoding: mapped, as: UTF8.self))
        bytes = Array((needsPrefix ? Array(prefix.utf8) + mapped : mapped).prefix(Self.maxBytes))
    }

    private static func mapped(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 0x20
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
        default: UInt8(ascii: "_")
        }
    }
}
