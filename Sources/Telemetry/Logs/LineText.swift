/// Text that stays on one line and moves no cursor: JSON's escapes, which both log formats use.
enum LineText {
    /// Longer strings are cut here and end in an ellipsis; a record has room for several.
    static let maxStringBytes = 8192

    /// With quotes, as a JSON string.
    static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        appendEscaped(text, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    static func cut(_ text: String) -> String {
        var text = text
        return text.withUTF8 { source in
            guard source.count > maxStringBytes else { return String(decoding: source, as: UTF8.self) }
            let end = characterBoundary(atOrBefore: maxStringBytes, in: source)
            return String(decoding: source[..<end], as: UTF8.self) + "…"
        }
    }

    static func appendEscaped(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { source in
            let cut =
                source.count > maxStringBytes ? characterBoundary(atOrBefore: maxStringBytes, in: source) : source.count
            appendEscaped(UnsafeBufferPointer(rebasing: source[..<cut]), to: &bytes)
            if cut < source.count { bytes.append(contentsOf: "…".utf8) }
        }
    }

    /// True where `appendEscaped` would change the text.
    static func needsEscape(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { source in source.indices.contains { escape(in: source, at: $0) != nil } }
    }

    private static func appendEscaped(_ source: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        var plain = 0
        var index = 0
        while index < source.count {
            guard let escape = escape(in: source, at: index) else {
                index += 1
                continue
            }
            bytes.append(contentsOf: source[plain..<index])
            appendEscape(of: escape.scalar, to: &bytes)
            index += escape.width
            plain = index
        }
        bytes.append(contentsOf: source[plain...])
    }

    /// Quotation mark, backslash, C0 and C1 controls, DEL, and the line and paragraph separators, at which some readers
    /// split lines.
    private static func escape(
        in source: UnsafeBufferPointer<UInt8>,
        at index: Int
    ) -> (scalar: UInt16, width: Int)? {
        let byte = source[index]
        switch byte {
        case 0x22, 0x5C, 0x7F, 0..<0x20:
            return (UInt16(byte), 1)
        case 0xC2 where index + 1 < source.count && source[index + 1] < 0xA0:
            return (UInt16(source[index + 1]), 2)
        case 0xE2 where index + 2 < source.count && source[index + 1] == 0x80 && source[index + 2] | 1 == 0xA9:
            return (0x2000 | UInt16(source[index + 2] - 0x80), 3)
        default:
            return nil
        }
    }

    private static func appendEscape(of scalar: UInt16, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\\"))
        switch scalar {
        case 0x22, 0x5C: bytes.append(UInt8(scalar))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            bytes.append(UInt8(ascii: "u"))
            for shift in [12, 8, 4, 0] { bytes.append(hexDigit(UInt8(scalar >> shift & 0xF))) }
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static func characterBoundary(atOrBefore limit: Int, in source: UnsafeBufferPointer<UInt8>) -> Int {
        var cut = limit
        while cut > 0 && source[cut] & 0xC0 == 0x80 { cut -= 1 }
        return cut
    }
}
