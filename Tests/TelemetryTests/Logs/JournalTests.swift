import Foundation
import JournalFixture
import ProgramFixture
import Testing

/// A service of its own (Tests/JournalProbe) beside a real journald.
@Suite(.serialized, .timeLimit(.minutes(3))) struct JournalTests {
    private struct Outcome: Decodable, Equatable {
        var written, dropped, errors: UInt64
        var wroteAll: Bool
    }

    private struct Entry: Encodable {
        var level = "info"
        var message: String
        var fields: [String: String] = [:]
    }

    private static let program = Bundle.main.bundleURL.appending(path: "journal-probe").path
    private let journal: RealJournal

    init() throws { journal = try RealJournal() }

    private func say(_ entries: [Entry], maxEntryBytes: Int = 65_536) throws -> Outcome {
        let command = journal.entering + [Self.program, "say", "\(maxEntryBytes)"]
        let output = try ExternalProgram.run(command, input: Array(try JSONEncoder().encode(entries)))
        return try JSONDecoder().decode(Outcome.self, from: output.standardOutput)
    }

    @Test func `an entry is found by its trace, with fields of its own`() throws {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        let said = try say([
            Entry(message: "of another trace", fields: ["trace_id": "00000000000000000000000000000001"]),
            Entry(
                level: "warning",
                message: "slow\nmessage",
                fields: ["trace_id": trace, "span_id": "00f067aa0ba902b7", "event": "slow", "text": "two\nlines = 2"]
            ),
        ])
        #expect(said == Outcome(written: 2, dropped: 0, errors: 0, wroteAll: true))
        let entry = try #require(try journal.entries(1, "TRACE_ID=\(trace)").first)
        let expected = [
            "MESSAGE": "slow\nmessage", "PRIORITY": "4", "SYSLOG_IDENTIFIER": "probe", "LOGGER": "probe.logger",
            "TRACE_ID": trace, "SPAN_ID": "00f067aa0ba902b7", "PROBE_EVENT": "slow", "TEXT": "two\nlines = 2",
            "_TRANSPORT": "journal",
        ]
        for (name, value) in expected { #expect(entry[name] as? String == value, "\(name)") }
    }

    @Test func `keys that become one name are both there, and none takes what is the entry's own`() throws {
        _ = try say([Entry(message: "mine", fields: ["a-b": "1", "a_b": "2", "message": "forged", "priority": "0"])])
        let entry = try #require(try journal.entries(1, "SYSLOG_IDENTIFIER=probe").first)
        #expect(Set(entry["A_B"] as? [String] ?? []) == ["1", "2"])
        #expect(entry["MESSAGE"] as? String == "mine")
        #expect(entry["PRIORITY"] as? String == "6")
        #expect(entry["PROBE_MESSAGE"] as? String == "forged")
        #expect(entry["PROBE_PRIORITY"] as? String == "0")
    }

    /// Over what a datagram carries, so that it goes in memory of its own.
    @Test func `a field of two megabytes arrives whole`() throws {
        let long = String(repeating: "0123456789abcdef", count: 131_072)
        let said = try say([Entry(message: "long", fields: ["text": long])], maxEntryBytes: 3 << 20)
        #expect(said.written == 1)
        #expect(try journal.entries(1, "SYSLOG_IDENTIFIER=probe").first?["TEXT"] as? String == long)
    }

    @Test func `over the limit the message arrives, and that it was cut`() throws {
        let said = try say([Entry(message: "long", fields: ["text": String(repeating: "x", count: 100_000)])])
        #expect(said.written == 1)
        let entry = try #require(try journal.entries(1, "SYSLOG_IDENTIFIER=probe").first)
        #expect(entry["MESSAGE"] as? String == "long")
        #expect(entry["TRUNCATED"] as? String == "true")
        #expect(entry["TEXT"] == nil)
    }

    @Test func `a journal that reads nothing holds up nobody, and what was lost is told`() throws {
        journal.halt()
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = journal.entering + [Self.program, "flood"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.runInTurn()
        #expect(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) == "full\n")
        journal.goOn()
        try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        let said = try JSONDecoder().decode(Outcome.self, from: answer)
        #expect(said.wroteAll && said.dropped > 0, "\(said)")
        let entries = try journal.entries(Int(said.written), "SYSLOG_IDENTIFIER=probe")
        #expect(entries.count == Int(said.written))
        let told = entries.compactMap { ($0["LOST"] as? String).flatMap(UInt64.init) }
        #expect(told.reduce(0, +) == said.dropped)
    }

    @Test func `a journald that is gone is a counted error, and nothing is written elsewhere`() throws {
        journal.killDaemon()
        let said = try say([Entry(message: "nobody hears this")])
        #expect(said.errors >= 1)
        #expect(said.written == 0 && !said.wroteAll, "\(said)")
    }

    @Test func `where there is no journal the start fails and says what is missing`() throws {
        _ = try ExternalProgram.run(journal.entering + ["rm", "/run/systemd/journal/socket"], input: [])
        let output = try ExternalProgram.run(journal.entering + [Self.program, "say"], input: Array("[]".utf8))
        #expect(output.status == 1)
        #expect(
            String(decoding: output.standardOutput, as: UTF8.self)
                == "there is no journal to write to: no socket at /run/systemd/journal/socket\n"
        )
    }
}
