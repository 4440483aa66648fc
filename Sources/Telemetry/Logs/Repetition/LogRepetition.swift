import Logging

/// How often a line of the same logger, level and text is written.
public struct LogRepetition: Sendable, Equatable {
    /// So many at once, before the rate counts.
    public var burst: Int
    public var perSecond: Double
    /// How long after the first line that was held back their number is told.
    public var reportAfter: Duration
    /// Lines told apart, at most. What finds no room among them is written whenever it comes.
    public var maxLines: Int

    public init(burst: Int = 20, perSecond: Double = 5, reportAfter: Duration = .seconds(10), maxLines: Int = 512) {
        self.burst = burst
        self.perSecond = perSecond
        self.reportAfter = reportAfter
        self.maxLines = maxLines
    }

    var reportAfterNanoseconds: UInt64 { UInt64(max(0, reportAfter / .nanoseconds(1))) }

    /// Who asks for debug wants every line, and a critical one is the last of a process.
    static func applies(to level: Logger.Level) -> Bool { level >= .info && level < .critical }
}
