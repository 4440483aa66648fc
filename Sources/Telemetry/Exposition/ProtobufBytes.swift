import Glibc

/// The protobuf wire format, as far as metrics need it. Submessages are written in place and their length put in front
/// afterwards, so that nothing is allocated.
extension [UInt8] {
    private enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case delimited = 2
    }

    mutating func appendField(_ number: UInt64, varint value: UInt64) {
        appendTag(number, .varint)
        appendVarint(value)
    }

    mutating func appendField(_ number: UInt64, zigzag value: Int64) {
        appendTag(number, .varint)
        appendZigzag(value)
    }

    mutating func appendField(_ number: UInt64, double value: Double) {
        appendTag(number, .fixed64)
        var bits = value.bitPattern
        for _ in 0..<8 {
            append(UInt8(truncatingIfNeeded: bits))
            bits >>= 8
        }
    }

    mutating func appendField(_ number: UInt64, text: String) {
        appendTag(number, .delimited)
        appendVarint(UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }

    /// Lower case hexadecimal digits of `words`, as trace ids are written.
    mutating func appendField(_ number: UInt64, hex words: UInt64...) {
        appendField(number) { for word in words { $0.appendHex(word) } }
    }

    /// A submessage, or packed numbers.
    mutating func appendField(_ number: UInt64, _ body: (inout [UInt8]) -> Void) {
        appendTag(number, .delimited)
        appendDelimited(body)
    }

    /// What `body` appends, behind its length.
    mutating func appendDelimited(_ body: (inout [UInt8]) -> Void) {
        let start = count
        append(0)
        body(&self)
        let length = count - start - 1
        var lengthBytes = 1
        while length >> (7 * lengthBytes) > 0 { lengthBytes += 1 }
        for _ in 1..<lengthBytes { append(0) }
        withUnsafeMutableBytes { bytes in
            guard lengthBytes > 1, let base = bytes.baseAddress else { return }
            memmove(base + start + lengthBytes, base + start + 1, length)
        }
        for place in 0..<lengthBytes {
            let isLast = place == lengthBytes - 1
            self[start + place] = UInt8(truncatingIfNeeded: length >> (7 * place)) & 127 | (isLast ? 0 : 128)
        }
    }

    mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest > 127 {
            append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func appendZigzag(_ value: Int64) {
        appendVarint(UInt64(bitPattern: value << 1 ^ value >> 63))
    }

    private mutating func appendTag(_ number: UInt64, _ type: WireType) {
        appendVarint(number << 3 | type.rawValue)
    }
}
