/// UTF-8 that comes in pieces (RFC 3629 section 4), refused at the first byte that cannot be right. The relay has no
/// use for it: it takes no text.
struct UTF8Check {
    private var missing = 0
    /// What the next byte may be, where one is missing.
    private var range: ClosedRange<UInt8> = 0x80...0xBF

    var isMidCharacter: Bool { missing > 0 }

    /// - Returns: false where the text is none, whatever follows.
    mutating func takes(_ bytes: [UInt8]) -> Bool {
        for byte in bytes where !takes(byte) { return false }
        return true
    }

    private mutating func takes(_ byte: UInt8) -> Bool {
        guard missing > 0 else { return begins(with: byte) }
        guard range.contains(byte) else { return false }
        missing -= 1
        range = 0x80...0xBF
        return true
    }

    private mutating func begins(with byte: UInt8) -> Bool {
        switch byte {
        case 0x00...0x7F: break
        case 0xC2...0xDF: expect(1)
        case 0xE0: expect(2, first: 0xA0...0xBF)
        case 0xED: expect(2, first: 0x80...0x9F)
        case 0xE1...0xEF: expect(2)
        case 0xF0: expect(3, first: 0x90...0xBF)
        case 0xF1...0xF3: expect(3)
        case 0xF4: expect(3, first: 0x80...0x8F)
        default: return false
        }
        return true
    }

    private mutating func expect(_ count: Int, first: ClosedRange<UInt8> = 0x80...0xBF) {
        missing = count
        range = first
    }
}
