extension JSONValue {
    /// The JSON Canonicalization Scheme of RFC 8785: what a signature over JSON is made over.
    public var canonicalBytes: [UInt8] {
        var output: [UInt8] = []
        writeCanonical(to: &output)
        return output
    }

    private func writeCanonical(to output: inout [UInt8]) {
        switch self {
        case .null: output += "null".utf8
        case .bool(let value): output += (value ? "true" : "false").utf8
        case .number(let value): output += ecmaScriptText(of: value).utf8
        case .string(let text): Self.writeCanonical(text, to: &output)
        case .array(let values):
            output.append(UInt8(ascii: "["))
            for (position, value) in values.enumerated() {
                if position > 0 { output.append(UInt8(ascii: ",")) }
                value.writeCanonical(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let members): Self.writeCanonical(members, to: &output)
        }
    }

    private static func writeCanonical(_ members: [Member], to output: inout [UInt8]) {
        // UTF-16 order is not UTF-8 order: U+FB33 comes after U+1F600, whose first unit is D83D.
        let sorted = members.sorted { $0.name.utf16.lexicographicallyPrecedes($1.name.utf16) }
        output.append(UInt8(ascii: "{"))
        for (position, member) in sorted.enumerated() {
            if position > 0 { output.append(UInt8(ascii: ",")) }
            writeCanonical(member.name, to: &output)
            output.append(UInt8(ascii: ":"))
            member.value.writeCanonical(to: &output)
        }
        output.append(UInt8(ascii: "}"))
    }

    private static func writeCanonical(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): output += #"\""#.utf8
            case UInt8(ascii: "\\"): output += #"\\"#.utf8
            case 0x08: output += #"\b"#.utf8
            case 0x09: output += #"\t"#.utf8
            case 0x0A: output += #"\n"#.utf8
            case 0x0C: output += #"\f"#.utf8
            case 0x0D: output += #"\r"#.utf8
            case 0..<0x20:
                output += (byte < 0x10 ? #"\u000"# : #"\u00"#).utf8
                output += String(byte, radix: 16).utf8
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}

/// `Number::toString` of ECMA-262 (RFC 8785 section 3.2.2.3) of a finite number. Swift's description has the digits
/// that it asks for (the fewest that read back as the same double, of those the nearest) in another layout.
func ecmaScriptText(of number: Double) -> String {
    guard number != 0 else { return "0" }
    let sign = number < 0 ? "-" : ""
    let (digits, pointPosition) = significantDigits(of: number.magnitude)
    let count = digits.count
    switch pointPosition {
    case count...21: return sign + digits + String(repeating: "0", count: pointPosition - count)
    case 1..<max(count, 1):
        return sign + digits.prefix(pointPosition) + "." + digits.dropFirst(pointPosition)
    case -5...0: return sign + "0." + String(repeating: "0", count: -pointPosition) + digits
    default:
        let exponent = pointPosition - 1
        let mantissa = count == 1 ? digits : digits.prefix(1) + "." + digits.dropFirst()
        return sign + mantissa + "e" + (exponent < 0 ? "-" : "+") + String(exponent.magnitude)
    }
}

/// The number is 0.DIGITS times ten to the `pointPosition`; digits neither begin nor end with 0.
private func significantDigits(of number: Double) -> (digits: String, pointPosition: Int) {
    let parts = number.description.split(separator: "e")
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let whole = mantissa[0]
    let all = whole + (mantissa.count > 1 ? mantissa[1] : "")
    let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    let leading = all.prefix { $0 == "0" }.count
    let significant = all.dropFirst(leading)
    let trailing = significant.reversed().prefix { $0 == "0" }.count
    return (String(significant.dropLast(trailing)), whole.count - leading + exponent)
}
