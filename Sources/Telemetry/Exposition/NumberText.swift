extension [UInt8] {
    mutating func appendDecimal(_ value: UInt64) {
        var digits: InlineArray<20, UInt8> = .init(repeating: 0)
        var rest = value
        var first = 20
        repeat {
            first -= 1
            digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        for index in first..<20 { append(digits[index]) }
    }

    /// Sixteen digits.
    mutating func appendHex(_ value: UInt64) {
        for shift in stride(from: 60, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 15
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    /// The number of ticks over 10^`digits`, exactly, without trailing zeros.
    mutating func appendDecimal(_ ticks: UInt64, scaledBy digits: Int) {
        var scale: UInt64 = 1
        for _ in 0..<digits { scale *= 10 }
        appendDecimal(ticks / scale)
        var fraction = ticks % scale
        guard fraction > 0 else { return }
        append(UInt8(ascii: "."))
        while fraction > 0 {
            scale /= 10
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: fraction / scale))
            fraction %= scale
        }
    }

    /// A value that reads back as the same Double. Integers and up to nine decimals are written without allocating,
    /// which is nearly every gauge there is.
    mutating func appendNumber(_ value: Double) {
        guard value.isFinite else { return append(nonFinite: value) }
        if value.sign == .minus, value != 0 { append(UInt8(ascii: "-")) }
        let magnitude = value.magnitude
        if magnitude < 0x1p53, magnitude == magnitude.rounded() { return appendDecimal(UInt64(magnitude)) }
        let billionths = (magnitude * 1e9).rounded()
        if billionths < 0x1p53, billionths / 1e9 == magnitude {
            return appendDecimal(UInt64(billionths), scaledBy: 9)
        }
        append(contentsOf: magnitude.description.utf8)
    }

    private mutating func append(nonFinite value: Double) {
        append(contentsOf: (value.isNaN ? "NaN" : value > 0 ? "+Inf" : "-Inf").utf8)
    }
}

/// A bucket's bound as Go prints it in OpenMetrics and as a Prometheus server names it after a protobuf scrape:
/// `0.01`, `1.0`, `5e-05`, `1.048576e+06`. Two spellings of one bound would be two series.
func bucketBoundText(_ bound: Double) -> String {
    guard bound.isFinite else { return "+Inf" }
    let (digits, exponent) = decimalParts(bound.description)
    guard !digits.isEmpty, exponent < -4 || exponent >= 6 else { return bound.description }
    let mantissa = digits.count == 1 ? digits : "\(digits.prefix(1)).\(digits.dropFirst())"
    let magnitude = String(exponent.magnitude)
    return "\(mantissa)e\(exponent < 0 ? "-" : "+")\(magnitude.count < 2 ? "0" : "")\(magnitude)"
}

/// Significant digits and the power of ten of the first, of a number as Swift describes it.
private func decimalParts(_ description: String) -> (digits: String, exponent: Int) {
    let parts = description.split(separator: "e")
    let mantissa = parts[0].split(separator: ".")
    let digits = mantissa.joined()
    let leadingZeros = digits.prefix { $0 == "0" }.count
    var significant = digits.dropFirst(leadingZeros)
    while significant.last == "0" { significant.removeLast() }
    let power = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    return (String(significant), mantissa[0].count - 1 - leadingZeros + power)
}
