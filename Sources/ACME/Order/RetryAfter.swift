internal import Glibc

/// RFC 9110 section 10.2.3: seconds, or a date.
enum RetryAfter {
    private static let months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(separator: " ")

    static func seconds(_ text: String?, now: Int64) -> Int64? {
        guard let text else { return nil }
        if let seconds = Int64(text) { return max(0, seconds) }
        return date(text).map { max(0, $0 - now) }
    }

    /// As in `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func date(_ text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let month = months.firstIndex(of: words[2]) else { return nil }
        let numbers = ([words[1], words[3]] + words[4].split(separator: ":")).compactMap { Int32($0) }
        guard numbers.count == 5, (1970...9999).contains(numbers[1]) else { return nil }
        var parts = tm()
        parts.tm_mon = Int32(month)
        (parts.tm_mday, parts.tm_year) = (numbers[0], numbers[1] - 1_900)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (numbers[2], numbers[3], numbers[4])
        return Int64(timegm(&parts))
    }
}
