import RelayCore
import Telemetry

/// Declared once, for all loops.
struct TLSFamilies: Sendable {
    let handshakes, versions, suites: CounterFamily
    let duration: HistogramFamily

    init(_ registry: MetricRegistry) throws(MetricDeclarationError) {
        handshakes = try registry.counter(RelayCatalogue.tlsHandshakes)
        versions = try registry.counter(RelayCatalogue.tlsVersions)
        suites = try registry.counter(RelayCatalogue.tlsSuites)
        duration = try registry.histogram(RelayCatalogue.tlsHandshakeDuration)
    }
}

struct TLSInstruments {
    private let handshakes, versions, suites: ShardCounters
    private let duration: ShardHistogram

    init(_ families: TLSFamilies, shard: Int) {
        handshakes = families.handshakes.on(shard: shard)
        versions = families.versions.on(shard: shard)
        suites = families.suites.on(shard: shard)
        duration = families.duration.on(shard: shard)[0]
    }

    func established(_ suite: TLSSuiteName, _ isResumed: Bool, _ elapsed: MonotonicNanoseconds?) {
        handshakes[isResumed ? 1 : 0].add()
        versions[suite.isTLS13 ? 0 : 1].add()
        suites[place(of: suite)].add()
        if let elapsed { duration.observe(elapsed) }
    }

    func failed(_ cause: TLSHandshakeFailure) {
        handshakes[RelayCatalogue.tlsSuccesses.count + place(of: cause)].add()
    }
}
