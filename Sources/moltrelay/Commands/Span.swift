import ArgumentParser

/// A time from one second to a hundred years, as `90s`, `30m`, `12h` or `30d`.
struct Span: ExpressibleByArgument, Equatable {
    private static let units: KeyValuePairs<Character, UInt64> = ["d": 86_400, "h": 3600, "m": 60, "s": 1]
    private static let maxSeconds: UInt64 = 36_525 * 86_400

    let seconds: UInt64

    var milliseconds: UInt64 { seconds * 1000 }
    var duration: Duration { .seconds(Int64(seconds)) }

    init(seconds: UInt64) { self.seconds = seconds }
    init(days: UInt64) { self.init(seconds: days * 86_400) }

    init?(argument: String) {
        guard let unit = Self.units.first(where: { $0.key == argument.last })?.value else { return nil }
        guard let count = UInt64(argument.dropLast()), count > 0, count <= Self.maxSeconds / unit else { return nil }
        seconds = count * unit
    }

    var defaultValueDescription: String {
        let (unit, size) = Self.units.first { seconds.isMultiple(of: $0.value) } ?? ("s", 1)
        return "\(seconds / size)\(unit)"
    }
}
