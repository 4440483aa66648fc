/// Names a trace: 16 bytes in two big-endian halves; all zero names none.
public struct TraceID: Hashable, Sendable {
    public let high, low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    public var isValid: Bool { high | low != 0 }

    public static func random(using generator: inout some RandomNumberGenerator) -> TraceID {
        TraceID(high: generator.next(), low: max(1, generator.next()))
    }

    public static func random() -> TraceID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    /// Up to 32 hexadecimal digits of either case, leading zeros perhaps left out.
    init?(hex: Substring) {
        guard let value = HexDigits(hex, atMost: 32) else { return nil }
        self.init(high: value.high, low: value.low)
    }

    /// 32 lower case digits.
    public var hex: String { SpanID(high).hex + SpanID(low).hex }
}

/// Names a span within its trace; zero names none.
public struct SpanID: Hashable, Sendable {
    public let bits: UInt64

    public init(_ bits: UInt64) { self.bits = bits }

    public var isValid: Bool { bits != 0 }

    public static func random(using generator: inout some RandomNumberGenerator) -> SpanID {
        SpanID(max(1, generator.next()))
    }

    public static func random() -> SpanID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    init?(hex: Substring) {
        guard let value = HexDigits(hex, atMost: 16) else { return nil }
        self.init(value.low)
    }

    /// 16 lower case digits.
    public var hex: String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// 1 to `atMost` hexadecimal digits as a number of up to 128 bits.
struct HexDigits {
    private(set) var high: UInt64 = 0
    private(set) var low: UInt64 = 0

    init?(_ text: Substring, atMost: Int) {
        let digits = text.utf8
        guard (1...atMost).contains(digits.count) else { return nil }
        for digit in digits {
            guard let value = Self.value(of: digit) else { return nil }
            high = high << 4 | low >> 60
            low = low << 4 | value
        }
    }

    static func value(of digit: UInt8) -> UInt64? {
        switch digit {
        case 0x30...0x39: UInt64(digit - 0x30)
        case 0x41...0x46: UInt64(digit - 0x41 + 10)
        case 0x61...0x66: UInt64(digit - 0x61 + 10)
        default: nil
        }
    }
}
