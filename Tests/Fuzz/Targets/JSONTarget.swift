@testable import Identity

/// RFC 8785: the canonical form of any JSON is JSON, its own canonical form, and the same value.
enum JSONTarget {
    static func run(_ input: [UInt8]) {
        do throws(JSONParsingError) {
            let value = try JSONValue(parsing: input)
            let canonical = value.canonicalBytes
            guard let again = try? JSONValue(parsing: canonical) else { broken("the canonical form is not read") }
            expect(again.canonicalBytes == canonical, "the canonical form has another canonical form")
            expect(isEqual(again, value), "the canonical form is another value")
        } catch {
            checkOffset(of: error, in: input)
        }
        writeNumber(input)
    }

    private static func checkOffset(of error: JSONParsingError, in input: [UInt8]) {
        switch error {
        case .unexpectedByte(let byte, let offset): expect(input[offset] == byte, "the wrong byte is blamed")
        case .duplicateMember(let offset), .invalidText(let offset):
            expect(input[offset] == UInt8(ascii: "\""), "what is blamed is no string")
        case .tooDeep(let offset), .numberOutOfRange(let offset):
            expect(input.indices.contains(offset), "the offset is outside")
        case .unexpectedEnd: break
        }
    }

    /// Any double comes back from its text, which is JSON.
    private static func writeNumber(_ input: [UInt8]) {
        var script = Script(input)
        let number = Double(bitPattern: script.number())
        guard number.isFinite else { return }
        let text = ecmaScriptText(of: number)
        guard case .number(let again)? = try? JSONValue(parsing: Array(text.utf8)) else {
            broken("\(text) is no number")
        }
        expect(again == number, "\(number) is written \(text)")
    }

    private static func isEqual(_ left: JSONValue, _ right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.hasSameBytes(as: right)
        case (.array(let left), .array(let right)): left.elementsEqual(right, by: isEqual)
        case (.object(let left), .object(let right)):
            left.count == right.count
                && left.allSatisfy { member in
                    // By bytes, as `subscript` finds it.
                    JSONValue.object(right)[member.name].map { isEqual(member.value, $0) } ?? false
                }
        default: false
        }
    }
}
