/// Walks JSON byte by byte without building anything. It checks only what it is asked for: its answers about invalid
/// JSON mean nothing, but it never traps and never leaves the array.
struct JSONScanner {
    let json: [UInt8]
    private var index = 0

    init(json: [UInt8]) { self.json = json }

    private var next: UInt8? { index < json.count ? json[index] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { index += 1 }
    }

    /// True where nothing but space is left.
    mutating func isAtEnd() -> Bool {
        skipSpace()
        return next == nil
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
            index = min(index + (byte == UInt8(ascii: "\\") ? 2 : 1), json.count)
        }
        guard index < json.count else { return nil }
        index += 1
        return json[start..<index - 1]
    }

    /// A whole number below 10^19 without sign, fraction or exponent.
    mutating func wholeNumber() -> UInt64? {
        skipSpace()
        let start = index
        var value: UInt64 = 0
        while let byte = next, case UInt8(ascii: "0")...UInt8(ascii: "9") = byte, index - start < 19 {
            value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
            index += 1
        }
        let digits = json[start..<index]
        guard let first = digits.first, first != UInt8(ascii: "0") || digits.count == 1 else { return nil }
        return value
    }

    /// A value of any kind, as it is written.
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

    private static func endsValue(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    }
}
