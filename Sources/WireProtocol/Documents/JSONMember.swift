/// Finds one member's value in a JSON object as the bytes it was written with. A signature is over those bytes, so they
/// must not pass through a decoder first.
enum JSONMember {
    /// The first value under `name` in the outermost object; nil where it is absent, or written with escapes.
    /// - Parameter json: valid JSON. Anything else gives some answer, and never traps.
    static func value(of name: String, in json: [UInt8]) -> [UInt8]? {
        var scanner = Scanner(json: json)
        guard scanner.take(UInt8(ascii: "{")) else { return nil }
        while let key = scanner.stringBody() {
            guard scanner.take(UInt8(ascii: ":")) else { return nil }
            let value = scanner.value()
            if key.elementsEqual(name.utf8) { return Array(value) }
            guard scanner.take(UInt8(ascii: ",")) else { return nil }
        }
        return nil
    }

    private struct Scanner {
        let json: [UInt8]
        var index = 0

        var next: UInt8? { index < json.count ? json[index] : nil }

        mutating func skipSpace() {
            while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { index += 1 }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            skipSpace()
            guard next == byte else { return false }
            index += 1
            return true
        }

        /// What stands between two quotes, escapes untouched.
        mutating func stringBody() -> ArraySlice<UInt8>? {
            guard take(UInt8(ascii: "\"")) else { return nil }
            let start = index
            while let byte = next, byte != UInt8(ascii: "\"") {
                index += byte == UInt8(ascii: "\\") ? 2 : 1
            }
            guard index < json.count else { return nil }
            index += 1
            return json[start..<index - 1]
        }

        mutating func value() -> ArraySlice<UInt8> {
            skipSpace()
            let start = index
            var depth = 0
            while let byte = next, depth > 0 || !Self.endsValue(byte) {
                switch byte {
                case UInt8(ascii: "\""):
                    guard stringBody() != nil else { return [] }
                    continue
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
                default: break
                }
                index += 1
            }
            return json[start..<index]
        }

        static func endsValue(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
        }
    }
}
