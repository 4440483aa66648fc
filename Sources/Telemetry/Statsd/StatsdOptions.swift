/// How metrics are told to a statsd server.
public struct StatsdOptions: Sendable, Equatable {
    public enum Flavor: String, Sendable, CaseIterable {
        /// Counters and gauges, which every server takes: labels become part of the name, and a histogram becomes its
        /// count, sum and quantiles.
        case plain
        /// Labels are tags, and observations of a histogram are values with a sample rate.
        case dogstatsd
    }

    public var flavor: Flavor
    /// In front of every name.
    public var prefix: String
    /// The part of a histogram's observations that dogstatsd gets, above 0 and at most 1.
    public var sampleRate: Double
    /// On every dogstatsd line, `key:value`.
    public var tags: [String]
    public var flushInterval: Duration
    /// nil: what passes any Ethernet in one piece, or more where the server is on this machine.
    public var maxDatagramBytes: Int?

    public init(
        flavor: Flavor = .dogstatsd,
        prefix: String = "",
        sampleRate: Double = 1,
        tags: [String] = [],
        flushInterval: Duration = .seconds(10),
        maxDatagramBytes: Int? = nil
    ) {
        self.flavor = flavor
        self.prefix = prefix
        self.sampleRate = sampleRate
        self.tags = tags
        self.flushInterval = flushInterval
        self.maxDatagramBytes = maxDatagramBytes
    }

    /// 1432 is what the official clients use: 1500 less the largest headers on the way. On this machine 4,000: collectd
    /// reads no more than 4,096 bytes of a datagram.
    func limit(isLoopback: Bool) -> Int { maxDatagramBytes ?? (isLoopback ? 4_000 : 1_432) }
}
