extension ValueType where Value == Bool {
    static var boolean: ValueType {
        let name = "true or false"
        return ValueType(
            name: name,
            read: { raw throws(Unacceptable) in
                let text = try raw.text(expected: name)
                guard !raw.isQuoted else { throw Unacceptable(raw, expected: "\(name) without quotes") }
                switch text {
                case "true", "True", "TRUE": return true
                case "false", "False", "FALSE": return false
                default: throw Unacceptable(raw, expected: name, meant: likelyBoolean(text))
                }
            },
            show: { $0 ? "true" : "false" }
        )
    }
}

private func likelyBoolean(_ text: String) -> String? {
    switch text.lowercased() {
    case "yes", "y", "on", "1", "enabled", "ture", "tru": "true"
    case "no", "n", "off", "0", "disabled", "flase", "fasle": "false"
    default: nil
    }
}

/// What a whole number counts, so that `10GB` or `5s` can be answered with the number that was meant.
enum NumberUnit: Sendable {
    case plain, bytes, milliseconds, hours

    fileprivate var suffixes: [(String, Int)] {
        switch self {
        case .plain: [("k", 1000)]
        case .bytes:
            [
                ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30), ("kb", 1 << 10), ("mb", 1 << 20),
                ("gb", 1 << 30), ("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30), ("b", 1),
            ]
        case .milliseconds: [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
        case .hours: [("h", 1), ("d", 24), ("w", 168)]
        }
    }

    /// The count that `text` (a number and a suffix) stands for.
    func likelyNumber(_ text: String) -> String? {
        let text = text.lowercased().filter { $0 != " " }
        for (suffix, factor) in suffixes where text.hasSuffix(suffix) {
            guard let count = Int(text.dropLast(suffix.count)) else { continue }
            let (product, overflow) = count.multipliedReportingOverflow(by: factor)
            return overflow ? nil : String(product)
        }
        return nil
    }
}

extension ValueType where Value == Int {
    /// Decimal digits only: YAML 1.1 would read 010 as eight and 1:30 as ninety.
    static func whole(_ range: ClosedRange<Int>, _ unit: NumberUnit = .plain) -> ValueType {
        let bounds =
            range.upperBound == .max ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
        let name = "a whole number, \(bounds)"
        return ValueType(
            name: name,
            read: { raw throws(Unacceptable) in
                let text = try raw.text(expected: name)
                guard !raw.isQuoted else { throw Unacceptable(raw, expected: "\(name), without quotes") }
                guard let number = decimal(text), range.contains(number) else {
                    throw Unacceptable(raw, expected: name, meant: unit.likelyNumber(text))
                }
                return number
            },
            show: { String($0) }
        )
    }
}

private func decimal(_ text: String) -> Int? {
    let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
    let hasLeadingZero = digits.count > 1 && digits.hasPrefix("0")
    guard !digits.isEmpty, !hasLeadingZero, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Int(text)
}

extension ValueType where Value == Double {
    static var share: ValueType { fraction("a number from 0 to 1") { (0...1).contains($0) } }

    static var sampleRate: ValueType { fraction("a number above 0, at most 1") { $0 > 0 && $0 <= 1 } }

    private static func fraction(_ name: String, _ isAllowed: @escaping @Sendable (Double) -> Bool) -> ValueType {
        ValueType(
            name: name,
            read: { raw throws(Unacceptable) in
                let text = try raw.text(expected: name)
                guard !raw.isQuoted else { throw Unacceptable(raw, expected: "\(name), without quotes") }
                guard let number = Double(text), isAllowed(number) else {
                    throw Unacceptable(raw, expected: name, meant: percentage(text))
                }
                return number
            },
            show: { String($0) }
        )
    }
}

private func percentage(_ text: String) -> String? {
    let digits = text.hasSuffix("%") ? text.dropLast() : text[...]
    guard let percent = Double(digits), percent > 1, percent <= 100 else { return nil }
    return String(percent / 100)
}

extension ValueType where Value == String {
    static var text: ValueType { .parsed("text", show: { $0 }, parse: { $0 }) }

    /// A file or folder on this machine; relative to the working directory.
    static var path: ValueType {
        .parsed("a path", show: { $0 }, parse: { $0.isEmpty || $0.utf8.contains(0) ? nil : $0 })
    }

    /// What goes into handshakes, labels and log lines: 1 to 128 visible ASCII characters.
    static var identifier: ValueType {
        .parsed("1 to 128 visible ASCII characters", show: { $0 }) { text in
            let isVisible = text.utf8.allSatisfy { (33...126).contains($0) }
            return (1...128).contains(text.utf8.count) && isVisible ? text : nil
        }
    }

    /// The beginning of a name that every StatsD server takes; empty for none.
    static var statsdPrefix: ValueType {
        .parsed("at most 128 letters, digits, dots, dashes and underscores", show: { $0 }) { text in
            let isPlain = text.utf8.allSatisfy { byte in
                (97...122).contains(byte | 0x20) || (48...57).contains(byte) || ".-_".utf8.contains(byte)
            }
            return text.utf8.count <= 128 && isPlain ? text : nil
        }
    }

    /// The path of an HTTP request.
    static var route: ValueType {
        .parsed("a path that starts with '/'", show: { $0 }, suggest: { $0.hasPrefix("/") ? nil : "/" + $0 }) { text in
            let isPlain = text.utf8.allSatisfy { (33...126).contains($0) && !"?#%\"<>".utf8.contains($0) }
            return text.hasPrefix("/") && text.utf8.count <= 256 && isPlain ? text : nil
        }
    }

    static func url(schemes: [String]) -> ValueType {
        let name = "a URL that starts with " + schemes.map { "\($0)://" }.joined(separator: " or ")
        return .parsed(name, show: { $0 }) { text in
            let isPlain = text.utf8.allSatisfy { (33...126).contains($0) }
            return isPlain && schemes.contains { text.hasPrefix($0 + "://") && text.utf8.count > $0.utf8.count + 3 }
                ? text : nil
        }
    }

    static var mailAddress: ValueType {
        .parsed("a mail address", show: { $0 }) { text in
            let parts = text.split(separator: "@", omittingEmptySubsequences: false)
            return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } ? text : nil
        }
    }
}

extension ValueType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    static var choice: ValueType {
        let words = Value.allCases.map(\.rawValue)
        return .parsed(
            "one of " + words.joined(separator: ", "),
            show: { $0.rawValue },
            suggest: { text in
                let text = text.lowercased()
                return nearest(text, among: words) ?? words.first { text.hasPrefix($0) || $0.hasPrefix(text) }
            },
            parse: { Value(rawValue: $0) }
        )
    }
}
