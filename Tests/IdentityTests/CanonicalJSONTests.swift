import Identity
import Testing

@Suite struct CanonicalJSONTests {
    /// RFC 8785 appendix B.
    static let numbers: [(UInt64, String)] = [
        (0x0000_0000_0000_0000, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7FEF_FFFF_FFFF_FFFF, "1.7976931348623157e+308"),
        (0xFFEF_FFFF_FFFF_FFFF, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xC340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44B5_2D02_C7E1_4AF5, "9.999999999999997e+22"),
        (0x44B5_2D02_C7E1_4AF6, "1e+23"),
        (0x44B5_2D02_C7E1_4AF7, "1.0000000000000001e+23"),
        (0x444B_1AE4_D6E2_EF4E, "999999999999999700000"),
        (0x444B_1AE4_D6E2_EF4F, "999999999999999900000"),
        (0x444B_1AE4_D6E2_EF50, "1e+21"),
        (0x3EB0_C6F7_A0B5_ED8C, "9.999999999999997e-7"),
        (0x3EB0_C6F7_A0B5_ED8D, "0.000001"),
        (0x41B3_DE43_5555_5553, "333333333.3333332"),
        (0x41B3_DE43_5555_5554, "333333333.33333325"),
        (0x41B3_DE43_5555_5555, "333333333.3333333"),
        (0x41B3_DE43_5555_5556, "333333333.3333334"),
        (0x41B3_DE43_5555_5557, "333333333.33333343"),
        (0xBECB_F647_612F_3696, "-0.0000033333333333333333"),
        (0x4314_3FF3_C1CB_0959, "1424953923781206.2"),
    ]

    @Test(arguments: numbers) func writesNumbersAsECMAScriptDoes(_ bits: UInt64, _ text: String) throws {
        #expect(canonical(JSONValue.number(Double(bitPattern: bits))) == text)
        #expect(try canonical(text) == text)
    }

    /// By node 20: `JSON.stringify`, at the edges of each layout.
    @Test(arguments: [
        ("100", "100"), ("120e18", "120000000000000000000"), ("1.5e21", "1.5e+21"), ("0.00001", "0.00001"),
        ("1.5e-6", "0.0000015"), ("1.5e-7", "1.5e-7"), ("1e-7", "1e-7"), ("-0", "0"), ("-0.0e5", "0"),
        ("1750000000000", "1750000000000"), ("10.50", "10.5"), ("9007199254740993", "9007199254740992"),
    ])
    func writesNumbersAsNodeDoes(_ text: String, _ expected: String) throws {
        #expect(try canonical(text) == expected)
    }

    @Test func sortsAsSection323Does() throws {
        let text = #"""
            {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
             "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}
            """#
        let expected =
            #"{"\r":"Carriage Return","1":"One","\#u{80}":"Control","\#u{F6}":"Latin Small Letter O With Diaeresis","#
            + #""\#u{20AC}":"Euro Sign","\#u{1F600}":"Emoji: Grinning Face","\#u{FB33}":"Hebrew Letter Dalet With Dagesh"}"#
        #expect(try canonical(text) == expected)
    }

    @Test func writesTheExampleOfSection322() throws {
        let text = #"""
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """#
        let expected =
            #"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#
            + #""string":"\#u{20AC}$\u000f\nA'B\"\\\\\"/"}"#
        #expect(try canonical(text) == expected)
    }

    @Test func escapesControlCharactersOnly() throws {
        #expect(
            try canonical(#""\b\t\n\f\r\u0001\u001f\u007f\u2028/""#)
                == "\"\\b\\t\\n\\f\\r\\u0001\\u001f\u{7F}\u{2028}/\""
        )
    }

    @Test func writesEmptyAndNestedValues() throws {
        #expect(try canonical(" { } ") == "{}")
        #expect(try canonical("[ ]") == "[]")
        #expect(try canonical(#"{"b":[{"z":1,"a":[]}],"a":{"":""}}"#) == #"{"a":{"":""},"b":[{"a":[],"z":1}]}"#)
    }

    @Test(arguments: [
        (#"{"a":1,"a":2}"#, 7), (#"{"a":1,"\u0061":1}"#, 7), (#"[{"b":{"a":null,"a":null}}]"#, 16),
    ])
    func refusesDuplicates(_ text: String, _ offset: Int) {
        #expect(throws: JSONParsingError.duplicateMember(offset: offset)) { try canonical(text) }
    }

    /// String equality would call these two one.
    @Test func namesThatOnlyLookTheSameAreTwo() throws {
        #expect(try canonical("{\"\u{E9}\":1,\"e\u{301}\":2}") == "{\"e\u{301}\":2,\"\u{E9}\":1}")
    }

    @Test func refusesDeepNesting() throws {
        let open = String(repeating: "[", count: 64)
        #expect(throws: Never.self) { try canonical(open + String(repeating: "]", count: 64)) }
        #expect(throws: JSONParsingError.tooDeep(offset: 64)) { try canonical(open + "[") }
        #expect(throws: JSONParsingError.self) { try canonical(String(repeating: #"{"a":"#, count: 100_000)) }
    }

    @Test(arguments: [
        "", " ", "{", "[1", "[1,]", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, "{a:1}", "[1 2]", "01", "-", "1.", ".5", "+1",
        "1e",
        "0x10", "NaN", "Infinity", "tru", "nulll", "1 2", "'a'", #""a"#, "\"a\nb\"", #""\x""#, #""\u12g4""#, #""\u123"#,
        #""\ud800""#, #""\udc00""#, #""\ud800\u0041""#, "1e400", "-1e400", "\u{FEFF}1",
    ])
    func refusesWhatIsNoJSON(_ text: String) {
        #expect(throws: JSONParsingError.self) { try canonical(text) }
    }

    @Test func refusesBytesThatAreNoUTF8() {
        for bytes: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]] {
            #expect(throws: JSONParsingError.invalidText(offset: 0)) { try JSONValue(parsing: [0x22] + bytes + [0x22]) }
        }
    }

    /// Every prefix and every single byte changed: no crash, and what parses canonicalises to what parses to the same.
    @Test func mutatedTextsParseOrThrow() {
        let text = Array(#"{"a":[1.5e3,-2,true,null],"b":"x\u00e9\ud83d\ude00","c":{"d":""}}"#.utf8)
        for index in text.indices {
            for byte: UInt8 in [0, 0x22, 0x30, 0x5B, 0x5C, 0x7B, 0xFF] {
                var changed = text
                changed[index] = byte
                checkRoundTrip(changed)
            }
            checkRoundTrip(Array(text[..<index]))
        }
    }

    private func checkRoundTrip(_ bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes) else { return }
        let canonical = value.canonicalBytes
        #expect((try? JSONValue(parsing: canonical))?.canonicalBytes == canonical)
    }

    @discardableResult
    private func canonical(_ text: String) throws -> String { canonical(try JSONValue(parsing: Array(text.utf8))) }

    private func canonical(_ value: JSONValue) -> String { String(decoding: value.canonicalBytes, as: UTF8.self) }
}
