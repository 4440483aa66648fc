/// RFC 3339 timestamps in UTC, with milliseconds and a numeric offset: `2026-11-23T09:22:43.123+00:00`.
///
/// Always 29 bytes. The numeric offset is what `%z` of fluentd's `%Y-%m-%dT%H:%M:%S.%L%z` asks for everywhere.
public enum RFC3339 {
    /// Years 0 to 9999: a clock further out is shown as the nearest of them.
    private static let range: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999

    public static func string(unixMilliseconds: Int64) -> String {
        var bytes: [UInt8] = []
        append(unixMilliseconds: unixMilliseconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    public static func append(unixMilliseconds: Int64, to bytes: inout [UInt8]) {
        let clamped = min(max(unixMilliseconds, range.lowerBound), range.upperBound)
        let (day, timeOfDay) = divide(clamped, by: 86_400_000)
        let date = civilDate(day: day)
        append(date.year, digits: 4, then: "-", to: &bytes)
        append(date.month, digits: 2, then: "-", to: &bytes)
        append(date.day, digits: 2, then: "T", to: &bytes)
        append(timeOfDay / 3_600_000, digits: 2, then: ":", to: &bytes)
        append(timeOfDay / 60_000 % 60, digits: 2, then: ":", to: &bytes)
        append(timeOfDay / 1000 % 60, digits: 2, then: ".", to: &bytes)
        append(timeOfDay % 1000, digits: 3, then: "+", to: &bytes)
        bytes.append(contentsOf: "00:00".utf8)
    }

    /// Proleptic Gregorian date of a day counted from 1970-01-01, by 400-year eras that begin on 1 March, so that the
    /// leap day is the last of its year.
    private static func civilDate(day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = divide(day + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    /// Rounds towards minus infinity, so that times before 1970 come out right.
    private static func divide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func append(_ value: Int64, digits: Int, then separator: Unicode.Scalar, to bytes: inout [UInt8]) {
        var divisor: Int64 = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
        bytes.append(UInt8(ascii: separator))
    }
}
