/// SHA-256 of an agent id: the only name of an agent that the relay routes by. 32 bytes, held inline.
public struct AgentHash: Hashable, Sendable {
    public static let byteCount = 32

    let a, b, c, d: UInt64

    /// - Parameter a: the first eight bytes as they lie in memory; the others follow.
    init(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) {
        (self.a, self.b, self.c, self.d) = (a, b, c, d)
    }

    /// - Parameter bytes: exactly 32 bytes, in wire order.
    public init(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == Self.byteCount)
        a = bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
        b = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        c = bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        d = bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
    }

    /// nil unless there are exactly 32 bytes.
    public init?(bytes: some Sequence<UInt8>) {
        let array = Array(bytes)
        guard array.count == Self.byteCount else { return nil }
        self = array.withUnsafeBytes { Self($0) }
    }

    /// Reads `sha256:<64 hex digits>`, the form of the documents; hex digits alone are accepted too.
    public init?(_ text: String) {
        let digits = text.hasPrefix("sha256:") ? text.dropFirst("sha256:".count) : text[...]
        guard let bytes = Hex.decode(digits), let hash = Self(bytes: bytes) else { return nil }
        self = hash
    }

    public func write(to destination: UnsafeMutableRawPointer) {
        destination.storeBytes(of: a, as: UInt64.self)
        destination.storeBytes(of: b, toByteOffset: 8, as: UInt64.self)
        destination.storeBytes(of: c, toByteOffset: 16, as: UInt64.self)
        destination.storeBytes(of: d, toByteOffset: 24, as: UInt64.self)
    }

    public var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
            write(to: UnsafeMutableRawPointer(buffer.baseAddress!))
            count = Self.byteCount
        }
    }

    /// 64 bits that are uniform over agents, since the whole is a SHA-256.
    public var uniformBits: UInt64 { a }

    // The value is already uniform: eight of its bytes spare the hasher the other 24.
    public func hash(into hasher: inout Hasher) { hasher.combine(a) }
}

extension AgentHash: Comparable {
    /// As their digits are ordered.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.a.bigEndian, lhs.b.bigEndian, lhs.c.bigEndian, lhs.d.bigEndian)
            < (rhs.a.bigEndian, rhs.b.bigEndian, rhs.c.bigEndian, rhs.d.bigEndian)
    }
}

extension AgentHash: CustomStringConvertible {
    public var description: String { "sha256:" + Hex.encode(bytes) }
}

/// The sender's 16-byte UUID of a message. Unique for one sender only.
public struct MessageID: Hashable, Sendable {
    public static let byteCount = 16

    @usableFromInline let a, b: UInt64

    /// - Parameter a: the first eight bytes as they lie in memory; the others follow.
    init(_ a: UInt64, _ b: UInt64) { (self.a, self.b) = (a, b) }

    /// - Parameter bytes: exactly 16 bytes, in wire order.
    public init(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == Self.byteCount)
        a = bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
        b = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    }

    /// nil unless there are exactly 16 bytes.
    public init?(bytes: some Sequence<UInt8>) {
        let array = Array(bytes)
        guard array.count == Self.byteCount else { return nil }
        self = array.withUnsafeBytes { Self($0) }
    }

    /// Reads the 8-4-4-4-12 form, either case.
    public init?(uuid text: some StringProtocol) {
        self.init(uuidText: text.utf8)
    }

    init?(uuidText text: some Sequence<UInt8>) {
        var words: (UInt64, UInt64) = (0, 0)
        var position = 0
        for digit in text {
            switch position {
            case 8, 13, 18, 23:
                guard digit == UInt8(ascii: "-") else { return nil }
            default:
                guard position < 36, let value = Hex.value(digit) else { return nil }
                words = (words.0 << 4 | words.1 >> 60, words.1 << 4 | UInt64(value))
            }
            position += 1
        }
        guard position == 36 else { return nil }
        (a, b) = (words.0.bigEndian, words.1.bigEndian)
    }

    /// A random (version 4) id.
    public static func random() -> MessageID {
        var generator = SystemRandomNumberGenerator()
        var bytes = (0..<2).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        return bytes.withUnsafeBytes { Self($0) }
    }

    /// As two numbers in network order.
    @inlinable public var halves: (high: UInt64, low: UInt64) { (a.bigEndian, b.bigEndian) }

    public func write(to destination: UnsafeMutableRawPointer) {
        destination.storeBytes(of: a, as: UInt64.self)
        destination.storeBytes(of: b, toByteOffset: 8, as: UInt64.self)
    }

    public var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
            write(to: UnsafeMutableRawPointer(buffer.baseAddress!))
            count = Self.byteCount
        }
    }
}

extension MessageID: CustomStringConvertible {
    public var description: String {
        var text: [UInt8] = []
        appendUUID(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    static let uuidByteCount = 36

    /// Reserves nothing: an exact reservation for each id of a list would copy all before it each time.
    func appendUUID(to text: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.uuidByteCount) { digits in
            var end = 0
            withUnsafeBytes(of: (a, b)) { bytes in
                for index in 0..<Self.byteCount {
                    if index == 4 || index == 6 || index == 8 || index == 10 {
                        digits[end] = UInt8(ascii: "-")
                        end += 1
                    }
                    digits[end] = Hex.digit(bytes[index] >> 4)
                    digits[end + 1] = Hex.digit(bytes[index] & 0x0F)
                    end += 2
                }
            }
            text.append(contentsOf: digits)
        }
    }
}
