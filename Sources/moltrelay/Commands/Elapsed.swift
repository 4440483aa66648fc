/// A time as people read it: two or three digits and a unit up to a minute, then the two largest units.
func elapsed(_ seconds: Double) -> String {
    guard seconds < 60 else { return longDuration(seconds) }
    for (scale, unit) in [(1.0, "s"), (1e3, "ms"), (1e6, "us")] where seconds * scale >= 1 {
        let value = seconds * scale
        let text = value < 100 ? String((value * 10).rounded() / 10) : String(Int(value.rounded()))
        return "\(text) \(unit)"
    }
    return "\(Int((seconds * 1e9).rounded())) ns"
}

/// The two largest units of days, hours, minutes and seconds.
func longDuration(_ seconds: Double) -> String {
    let total = Int(min(max(seconds, 0), 1e15))
    let parts = [(total / 86_400, "d"), (total / 3600 % 24, "h"), (total / 60 % 60, "min"), (total % 60, "s")]
    let first = parts.firstIndex { $0.0 > 0 } ?? parts.count - 1
    return parts[first...].prefix(2).map { "\($0.0) \($0.1)" }.joined(separator: " ")
}

/// `2026-11-23 09:22:43.123` of RFC 3339.
func plainTime(_ time: String) -> String { String(time.prefix(23).map { $0 == "T" ? " " : $0 }) }

extension String {
    /// Without the spaces at its end.
    var trimmed: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
