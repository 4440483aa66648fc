import Foundation

/// How often, and from which seed, the tests of `kill -9` choose their moments.
public enum CrashRounds {
    /// `CRASH_ROUNDS`, else 5 in CI and 20 elsewhere.
    public static let count = number("CRASH_ROUNDS") ?? (environment["CI"] == nil ? 20 : 5)
    /// `CRASH_SEED`, else any. It fixes the moments chosen, not what the machine does in them.
    public static let seed = number("CRASH_SEED") ?? Int.random(in: 1...999_999)

    private static let environment = ProcessInfo.processInfo.environment

    private static func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
}

/// Random numbers from a seed (SplitMix64).
public struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: Int) { state = UInt64(truncatingIfNeeded: seed) }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
