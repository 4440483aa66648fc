import Glibc
import Logging
import Testing

@testable import Telemetry

@Suite struct JournalRecordTests {
    private static let options = JournalOptions(identifier: "service", prefix: "SERVICE_")

    private func fields(_ entry: LogEntry, _ options: JournalOptions = options) -> [String] {
        let record = JournalRecord(entry, options)
        return record.bytes.withUnsafeBytes { bytes in
            JournalRecord.View(bytes, at: 0).fields.map { String(decoding: bytes[$0], as: UTF8.self) }
        }
    }

    private func entry(_ level: Logger.Level = .info, _ fields: Logger.Metadata = [:]) -> LogEntry {
        LogEntry(time: 0, level: level, message: "agent\nconnected", logger: "door", fields: fields)
    }

    @Test(arguments: [
        ("trace_id", "TRACE_ID"), ("Agent-Id.Hash", "AGENT_ID_HASH"), ("é", "SERVICE___"), ("", "SERVICE_"),
        ("_pid", "SERVICE__PID"), ("9lives", "SERVICE_9LIVES"), ("event", "SERVICE_EVENT"),
        ("message", "SERVICE_MESSAGE"), ("Priority", "SERVICE_PRIORITY"), ("logger", "SERVICE_LOGGER"),
        (String(repeating: "a", count: 65), String(repeating: "A", count: 64)),
        (String(repeating: "1", count: 65), "SERVICE_" + String(repeating: "1", count: 56)),
    ])
    func `a key becomes a name that the journal takes`(key: String, name: String) {
        #expect(String(decoding: JournalFieldName(key, prefix: "SERVICE_").bytes, as: UTF8.self) == name)
    }

    @Test func `what every entry has comes first, then the fields by name`() {
        #expect(
            fields(entry(.warning, ["b": .stringConvertible(2), "a": ["x", "y"]])) == [
                "MESSAGE=agent\nconnected", "PRIORITY=4", "SYSLOG_IDENTIFIER=service", "LOGGER=door", #"A=["x","y"]"#,
                "B=2",
            ]
        )
    }

    @Test(arguments: [
        (Logger.Level.trace, 7), (.debug, 7), (.info, 6), (.notice, 5), (.warning, 4), (.error, 3), (.critical, 2),
    ])
    func `levels are syslog's priorities`(level: Logger.Level, priority: Int) {
        #expect(fields(entry(level))[1] == "PRIORITY=\(priority)")
    }

    @Test func `keys that become one name are both kept`() {
        #expect(fields(entry(.info, ["a-b": "1", "a_b": "2"])).suffix(2) == ["A_B=1", "A_B=2"])
    }

    @Test func `too long an entry keeps its message and says so`() {
        let options = JournalOptions(identifier: "service", prefix: "SERVICE_", maxEntryBytes: 200)
        let long = entry(.info, ["text": "\(String(repeating: "x", count: 200))"])
        #expect(
            fields(long, options) == [
                "MESSAGE=agent\nconnected", "PRIORITY=6", "SYSLOG_IDENTIFIER=service", "LOGGER=door", "TRUNCATED=true",
            ]
        )
    }

    @Test func `records lie one behind the other, with their levels`() {
        let first = JournalRecord(entry(.error), Self.options)
        let second = JournalRecord(entry(.debug, ["k": "v"]), Self.options)
        (first.bytes + second.bytes).withUnsafeBytes { bytes in
            let head = JournalRecord.View(bytes, at: 0)
            #expect(head.level == .error)
            #expect(head.length == first.bytes.count)
            let next = JournalRecord.View(bytes, at: head.length)
            #expect(next.level == .debug)
            #expect(next.fields.count == 5)
        }
    }

    @Test func `a descriptor is the journal's where device and inode are its own`() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        var status = stat()
        #expect(fstat(ends[0], &status) == 0)
        #expect(JournalStream.names("\(status.st_dev):\(status.st_ino)", ends[0]))
        #expect(!JournalStream.names("\(status.st_dev):\(status.st_ino + 1)", ends[0]))
        #expect(!JournalStream.names("\(status.st_dev):\(status.st_ino)", -1))
    }
}
