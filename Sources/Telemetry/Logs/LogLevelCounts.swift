public import Logging

public struct LogLevelCounts: Sendable, Equatable {
    private var counts = [UInt64](repeating: 0, count: Logger.Level.allCases.count)

    public subscript(level: Logger.Level) -> UInt64 {
        get { counts[level.index] }
        set { counts[level.index] = newValue }
    }

    public var total: UInt64 { counts.reduce(0, +) }
}

extension Logger.Level {
    /// `allCases` is made anew at each call: too dear for a question asked at every log statement.
    static let byIndex = Logger.Level.allCases

    var index: Int {
        switch self {
        case .trace: 0
        case .debug: 1
        case .info: 2
        case .notice: 3
        case .warning: 4
        case .error: 5
        case .critical: 6
        }
    }
}
