import Glibc
import RelayCore
import RelayTelemetry
import Telemetry
import WireProtocol

/// What telemetry costs, in CPU time of the calling thread: `swift run -c release telemetry-cost`, or of the parts
/// that are named: `instruments`, `observer`, `path`, `scrape`. `path` and a depth alone is for callgrind.
@main
enum TelemetryCost {
    static func main() throws {
        let parts = CommandLine.arguments.dropFirst()
        func wants(_ part: String) -> Bool { parts.isEmpty || parts.contains(part) }
        if wants("instruments") { try measureInstruments() }
        if wants("observer") { try measureObserver() }
        if wants("path") { try PathCost.measure(Array(parts.dropFirst())) }
        if wants("scrape") { try measureScrape() }
    }

    private static func measureInstruments() throws {
        let registry = MetricRegistry(shards: 1)
        let counter = try registry.counter(.counter("c_total", help: "C."))
        let bounds = [
            0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
            10,
        ]
        let histogram = try registry.histogram(.histogram("h", unit: .seconds, bounds: bounds, help: "H."))
        let (own, shared) = (counter.on(shard: 0)[0], counter.shared())
        let (ownHistogram, sharedHistogram) = (histogram.on(shard: 0)[0], histogram.shared())
        let values = latencies()
        report("counter add, own shard", rounds: 200_000_000) { _ in own.add() }
        report("counter add, shared", rounds: 50_000_000) { _ in shared.add() }
        report("histogram observe, own shard, one value", rounds: 100_000_000) { _ in ownHistogram.observe(400_000) }
        report("histogram observe, own shard, random values", rounds: 100_000_000) {
            ownHistogram.observe(values[$0 & (values.count - 1)])
        }
        report("histogram observe, shared, random values", rounds: 20_000_000) {
            sharedHistogram.observe(values[$0 & (values.count - 1)])
        }
    }

    /// 4,096 values from a microsecond to a second, as likely in each octave.
    private static func latencies() -> [UInt64] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return (0..<4_096).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (1_000 + (state >> 32) % 1_000) << ((state >> 20) % 20)
        }
    }

    /// Facts in the shape a loop's tick states them: a batch accepted, and settled by one flush.
    private static func measureObserver() throws {
        let events: [RelayEvent] = [.framesReceived(.message, count: 100)]
        for (recorder, bytes) in [("", 0), (", flight recorder", 16 << 20)] {
            let observer = try observer(recorderBytes: bytes)
            for (name, spread) in [("one batch, one flush", 0), ("each message its own times", 1)] as [(String, UInt64)]
            {
                let facts = facts(messages: 100, spread: spread)
                facts.withUnsafeBufferPointer { facts in
                    events.withUnsafeBufferPointer { events in
                        report("observer, a message (2 facts), \(name)\(recorder)", rounds: 200_000, perRound: 100) {
                            _ in
                            observer.observe(messages: facts, events: events, at: 2_000_000)
                        }
                    }
                }
            }
        }
    }

    private static func observer(recorderBytes: Int) throws -> LoopObserver {
        let readings = RelayReadings(loops: { .init() }, store: { .init() }, logs: { .init() }, clock: { .init() })
        return try RelayInstruments(
            registry: MetricRegistry(shards: 1),
            readings: readings,
            build: .example,
            flights: FlightRecorder(loops: 1, bytes: recorderBytes) { 0 }
        ).observer(loop: 0)
    }

    private static func facts(messages: Int, spread: UInt64) -> [MessageFact] {
        let timelines = (0..<UInt64(messages)).map { index in
            var timeline = MessageTimeline(received: 1_000_000 + index * spread * 997)
            timeline.routed = timeline.received + 10_000
            timeline.enqueued = timeline.routed + 5_000
            timeline.written = timeline.enqueued + 60_000 + index * spread * 3_001
            return timeline
        }
        let identities = timelines.map { _ in
            MessageIdentity(
                id: .random(),
                sender: AgentHash(bytes: repeatElement(1, count: 32))!,
                recipient: AgentHash(bytes: repeatElement(2, count: 32))!
            )
        }
        return identities.map { .accepted($0, mode: .bestEffort, bytes: 352) }
            + zip(identities, timelines).map {
                .settled($0, $1, mode: .bestEffort, fate: .delivered, queued: false, attempts: 1)
            }
    }

    /// 10,000 lines: 6,000 of labelled counters, 4,000 of histograms, on 2 shards.
    private static func measureScrape() throws {
        let registry = MetricRegistry(shards: 2)
        let label = LabelDimension("route", (0..<60).map { "route_number_\($0)" })
        for index in 0..<100 {
            let name = "benchmark_requests_handled_\(index)_total"
            let family = try registry.counter(.counter(name, labels: [label], help: "Requests handled."))
            for series in 0..<60 { family.shared(series).add(UInt64(series * 977)) }
        }
        let bounds = (1...17).map { Double($0) / 100 }
        for index in 0..<200 {
            let name = "benchmark_duration_\(index)_seconds"
            let family = try registry.histogram(.histogram(name, unit: .seconds, bounds: bounds, help: "Time."))
            for value in 0..<100 { family.shared().observe(UInt64(value) * 1_234_567) }
        }
        let exposition = try MetricExposition(registry: registry, selfPrefix: "benchmark_")
        for format in ExpositionFormat.allCases {
            let plain = exposition.scrape(accept: format.contentType)
            let compressed = exposition.scrape(accept: format.contentType, acceptEncoding: "gzip")
            print("\(format): \(plain?.body.count ?? 0) bytes, \(compressed?.body.count ?? 0) compressed")
            report("scrape of 10,000 series, \(format), plain", rounds: 200, unit: "us", scale: 1e-3) { _ in
                _ = exposition.scrape(accept: format.contentType)
            }
            report("scrape of 10,000 series, \(format), gzip", rounds: 100, unit: "us", scale: 1e-3) { _ in
                _ = exposition.scrape(accept: format.contentType, acceptEncoding: "gzip")
            }
        }
    }

    /// The least of five runs: the others were disturbed.
    @inline(__always)
    private static func report(
        _ name: String,
        rounds: Int,
        perRound: Int = 1,
        unit: String = "ns",
        scale: Double = 1,
        _ body: (Int) -> Void
    ) {
        var best = Double.infinity
        for _ in 0..<5 {
            let start = cpuNanoseconds()
            for round in 0..<(rounds / 5) { body(round) }
            best = min(best, Double(cpuNanoseconds() - start) / Double(rounds / 5 * perRound))
        }
        let text = ((best * scale * 100).rounded() / 100).description
        print("\(name): \(text) \(unit)")
    }

    static func cpuNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
