extension JSONParser {
    mutating func string() throws(JSONParsingError) -> String {
        let start = index
        try expect(UInt8(ascii: "\""))
        var text: [UInt8] = []
        while true {
            let byte = try next()
            switch byte {
            case UInt8(ascii: "\""):
                guard let valid = String(validating: text, as: UTF8.self) else { throw .invalidText(offset: start) }
                return valid
            case UInt8(ascii: "\\"): text.append(contentsOf: try escape(start))
            case 0..<0x20: throw .unexpectedByte(byte, offset: index - 1)
            default: text.append(byte)
            }
        }
    }

    /// UTF-8 of what follows a backslash.
    private mutating func escape(_ start: Int) throws(JSONParsingError) -> [UInt8] {
        let byte = try next()
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(String(try unicodeEscape(start)).utf8)
        default: throw .unexpectedByte(byte, offset: index - 1)
        }
    }

    private mutating func unicodeEscape(_ start: Int) throws(JSONParsingError) -> Unicode.Scalar {
        let unit = try codeUnit()
        guard UTF16.isLeadSurrogate(unit) else {
            guard let scalar = Unicode.Scalar(unit) else { throw .invalidText(offset: start) }
            return scalar
        }
        try expect(UInt8(ascii: "\\"))
        try expect(UInt8(ascii: "u"))
        let trail = try codeUnit()
        guard UTF16.isTrailSurrogate(trail) else { throw .invalidText(offset: start) }
        return UTF16.decode(UTF16.EncodedScalar([unit, trail]))
    }

    private mutating func codeUnit() throws(JSONParsingError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            let byte = try next()
            guard byte < 0x80, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw .unexpectedByte(byte, offset: index - 1)
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}
