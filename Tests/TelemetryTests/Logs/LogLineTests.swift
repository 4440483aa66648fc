import Foundation
import Logging
import Testing

@testable import Telemetry

@Suite struct LogLineTests {
    private func entry(_ message: String = "agent connected", _ fields: Logger.Metadata = [:]) -> LogEntry {
        LogEntry(time: 1_795_425_763_123, level: .info, message: message, logger: "relay", fields: fields)
    }

    private func json(_ entry: LogEntry) -> String {
        String(decoding: LogFormat.json.line(entry), as: UTF8.self)
    }

    private func object(_ entry: LogEntry) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(LogFormat.json.line(entry))) as? NSDictionary)
    }

    /// Expected texts from Python's datetime.
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000+00:00"),
        (951_782_400_000, "2000-02-29T00:00:00.000+00:00"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999+00:00"),
        (1_795_425_763_007, "2026-11-23T09:22:43.007+00:00"),
        (-1, "1969-12-31T23:59:59.999+00:00"),
        (Int64.max, "9999-12-31T23:59:59.999+00:00"),
    ])
    func `timestamps are RFC 3339 with milliseconds and offset`(time: Int64, expected: String) {
        #expect(RFC3339.string(unixMilliseconds: time) == expected)
    }

    @Test func `a JSON line has the four names first, then the fields by name`() {
        let line = json(entry("agent connected", ["loop": .stringConvertible(3), "agent_id_hash": "ab12"]))
        #expect(
            line == #"{"timestamp":"2026-11-23T09:22:43.123+00:00","level":"info","message":"agent connected","#
                + #""logger":"relay","agent_id_hash":"ab12","loop":3}"# + "\n"
        )
    }

    @Test func `numbers and truth values are not quoted, what JSON has no number for is`() throws {
        let line = json(
            entry(
                fields: [
                    "a": .stringConvertible(UInt64.max), "b": .stringConvertible(true), "c": .stringConvertible(1.5),
                    "d": .stringConvertible(Double.nan), "e": .stringConvertible(Float(2)),
                ]
            )
        )
        #expect(line.hasSuffix(#""a":18446744073709551615,"b":true,"c":1.5,"d":"nan","e":"2.0"}"# + "\n"))
    }

    @Test func `nested fields stay nested`() throws {
        let parsed = try object(entry(fields: ["outer": ["inner": ["a", .stringConvertible(1)]]]))
        #expect((parsed["outer"] as? NSDictionary)?["inner"] as? NSArray == ["a", 1])
    }

    @Test func `a field cannot take a reserved name`() throws {
        let parsed = try object(entry(fields: ["message": "forged", "message_": "taken", "level": "debug"]))
        #expect(parsed["message"] as? String == "agent connected")
        #expect(parsed["message_"] as? String == "taken")
        #expect(parsed["message__"] as? String == "forged")
        #expect(parsed["level"] as? String == "info")
        #expect(parsed["level_"] as? String == "debug")
    }

    static let hostile = [
        "line\nbreak\r\u{0}\u{1B}[2J\u{7F}", "\u{85}next \u{2028}line\u{2029}paragraph", #"quote " back \ slash"#,
        "", "ünï \u{1F600} ¢€", String(decoding: [0x61, 0xFF, 0xC2] as [UInt8], as: UTF8.self),
    ]

    @Test(arguments: hostile)
    func `any text survives JSON on one line`(text: String) throws {
        let hostile = entry(text, [text: .string(text)])
        let line = json(hostile)
        #expect(line.unicodeScalars.count { $0.properties.generalCategory == .control } == 1, "the newline alone")
        #expect(!line.unicodeScalars.contains("\u{2028}") && !line.unicodeScalars.contains("\u{2029}"))
        let parsed = try object(hostile)
        #expect(parsed["message"] as? String == text)
        #expect(parsed[text] as? String == text)
    }

    @Test(arguments: hostile)
    func `any text is harmless on a terminal`(text: String) {
        let line = String(
            decoding: LogFormat.text(colour: false).line(entry(text, [text: .string(text)])),
            as: UTF8.self
        )
        #expect(line.unicodeScalars.count { $0.properties.generalCategory == .control } == 1, "the newline alone")
    }

    @Test func `text quotes what would not read back`() {
        let fields: Logger.Metadata = ["a": "plain", "b": "two words", "c": "", "d": ["x", "y"], "e": "k=v"]
        let line = String(decoding: LogFormat.text(colour: false).line(entry(fields: fields)), as: UTF8.self)
        #expect(
            line == "2026-11-23T09:22:43.123+00:00 INFO     agent connected "
                + #"a=plain b="two words" c="" d=["x","y"] e="k=v""# + "\n"
        )
    }

    @Test func `colour surrounds the level only`() {
        let line = String(decoding: LogFormat.text(colour: true).line(entry()), as: UTF8.self)
        #expect(line == "2026-11-23T09:22:43.123+00:00 \u{1B}[32mINFO\u{1B}[0m     agent connected\n")
    }

    @Test func `long values are cut between characters and long lines lose their fields`() throws {
        let long = String(repeating: "é", count: 5000)
        let cut = try #require(try object(entry(fields: ["v": .string("x" + long)]))["v"] as? String)
        #expect(cut == "x" + String(repeating: "é", count: 4095) + "…")
        let wide = entry(fields: Dictionary(uniqueKeysWithValues: (0..<10).map { ("v\($0)", .string(long)) }))
        let line = LogFormat.json.line(wide)
        #expect(line.count < LogFormat.maxLineBytes)
        #expect(try object(wide)["truncated"] as? Bool == true)
    }

    @Test func `nesting is bounded`() throws {
        var value: Logger.MetadataValue = "deep"
        for _ in 0..<1000 { value = [value] }
        #expect(try object(entry(fields: ["v": value]))["message"] as? String == "agent connected")
    }

    private func entry(fields: Logger.Metadata) -> LogEntry { entry("agent connected", fields) }
}
