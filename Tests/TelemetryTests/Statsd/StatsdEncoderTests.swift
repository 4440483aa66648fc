import CoreMetrics
import Foundation
import Testing

@testable import Telemetry

@Suite struct StatsdEncoderTests {
    private let registry = MetricRegistry(shards: 1)

    @Test func dogstatsdHasTagsAndValues() throws {
        let instruments = try Instruments(registry)
        var flushes = Flushes(registry, StatsdOptions(prefix: "my.", tags: ["env:prod"]))
        instruments.move()
        #expect(
            flushes.next() == [
                "my.app_requests_total:3|c|#way:in,env:prod", "my.app_cpu_seconds_total:0.25|c|#env:prod",
                "my.app_load:0|g|#env:prod", "my.app_load:-1.5|g|#env:prod", "my.app_wait_seconds:0|h|@0.5|#env:prod",
                "my.app_wait_seconds:0.958502022|h|@0.25|#env:prod",
            ]
        )
        instruments.requests.shared(1).add(2)
        #expect(
            flushes.next() == [
                "my.app_requests_total:2|c|#way:a_b_c,env:prod", "my.app_load:0|g|#env:prod",
                "my.app_load:-1.5|g|#env:prod",
            ],
            "what did not grow is not told again, gauges are"
        )
    }

    @Test func plainHasNamesAndSummaries() throws {
        let instruments = try Instruments(registry)
        var flushes = Flushes(registry, StatsdOptions(flavor: .plain, tags: ["env:prod"]))
        instruments.move()
        instruments.requests.shared(1).add()
        #expect(
            flushes.next() == [
                "app_requests_total.way.in:3|c", "app_requests_total.way.a_b_c:1|c", "app_cpu_seconds_total:0.25|c",
                "app_load:0|g", "app_load:-1.5|g", "app_wait_seconds.count:6|c", "app_wait_seconds.sum:4|c",
                "app_wait_seconds.p50:0.958502022|g", "app_wait_seconds.p90:0.958502022|g",
                "app_wait_seconds.p99:0.958502022|g",
            ]
        )
        #expect(flushes.next() == ["app_load:0|g", "app_load:-1.5|g"])
    }

    @Test func seriesThatComeLaterStartAtZero() throws {
        let factory = try RegistryMetricsFactory(registry: registry)
        let first = factory.makeCounter(label: "seen", dimensions: [("agent", "a")])
        let later = factory.makeMeter(label: "load", dimensions: [])
        var flushes = Flushes(registry, StatsdOptions())
        first.increment(by: 5)
        #expect(flushes.next() == ["seen_total:5|c|#agent:a", "load:0|g"])
        factory.makeCounter(label: "seen", dimensions: [("agent", "b")]).increment(by: 7)
        first.increment(by: 1)
        later.set(.nan)
        factory.makeFloatingPointCounter(label: "joules", dimensions: []).increment(by: 0.125)
        #expect(flushes.next() == ["seen_total:1|c|#agent:a", "seen_total:7|c|#agent:b", "joules_total:0.125|c"])
    }

    /// One of four, and what is left over by chance: 10 observations are two lines' worth or three.
    @Test func samplesStandForWhatTheyLeaveOut() throws {
        let histogram = try registry.histogram(.histogram("h", bounds: [], help: "H.")).shared()
        var flushes = Flushes(registry, StatsdOptions(sampleRate: 0.25))
        histogram.observe(5, count: 10)
        #expect(flushes.next(random: 0.4) == ["h:5|h|@0.125"])
        histogram.observe(5, count: 10)
        #expect(flushes.next(random: 0.6) == ["h:5|h|@0.08333333333333333"])
        histogram.observe(5)
        #expect(flushes.next(random: 0.7) == [])
        histogram.observe(5)
        #expect(flushes.next(random: 0.8) == ["h:5|h|@0.25"])
    }

    /// Go's `int(1 / rate)`.
    @Test func aRateIsNeverReadAsOneTooFew() throws {
        let histogram = try registry.histogram(.histogram("h", bounds: [], help: "H.")).shared()
        var flushes = Flushes(registry, StatsdOptions())
        for count: UInt64 in 1...2_000 {
            histogram.observe(5, count: count)
            let line = try #require(flushes.next().first)
            let rate = line.split(separator: "@").dropFirst().first.flatMap { Double($0) } ?? 1
            #expect(Int(1 / rate) == Int(count))
        }
    }

    @Test func linesAreThoseOfTheOfficialClient() throws {
        let instruments = try Instruments(registry)
        instruments.move()
        instruments.load.set(1.5)
        var flushes = Flushes(registry, StatsdOptions(tags: ["env:prod", "region"]))
        let calls = #"""
            {"constant_tags": ["env:prod", "region"], "calls": [
              {"method": "increment", "name": "app_requests_total", "value": 3, "tags": ["way:in"], "rate": 1},
              {"method": "increment", "name": "app_cpu_seconds_total", "value": 0.25, "tags": [], "rate": 1},
              {"method": "gauge", "name": "app_load", "value": 1.5, "tags": [], "rate": 1},
              {"method": "histogram", "name": "app_wait_seconds", "value": 0, "tags": [], "rate": 0.9999},
              {"method": "histogram", "name": "app_wait_seconds", "value": 0.958502022, "tags": [], "rate": 0.9999}
            ]}
            """#
        let bytes = try ExternalProgram.peer("dogstatsd_bytes.py", input: Array(calls.utf8))
        let expected = String(decoding: bytes, as: UTF8.self)
        let own = flushes.bytes().replacing(#/\|@0\.(5|25)\|/#, with: "|@0.9999|")
        #expect(own == expected, "a client drops the rest, so its sample is taken at nearly 1")
    }

    private struct Instruments {
        let requests: CounterFamily
        let cpu: SharedCounter
        let load: SharedGauge
        let wait: SharedHistogram

        init(_ registry: MetricRegistry) throws {
            let labels = [LabelDimension("way", ["in", "a|b,c"])]
            requests = try registry.counter(.counter("app_requests_total", labels: labels, help: "Requests."))
            cpu = try registry.counter(.counter("app_cpu_seconds_total", unit: .seconds, help: "CPU.")).shared()
            load = try registry.gauge(.gauge("app_load", help: "Load.")).shared()
            wait = try registry.histogram(
                .histogram("app_wait_seconds", unit: .seconds, bounds: [1], help: "Wait.")
            ).shared()
        }

        func move() {
            requests.shared(0).add(3)
            cpu.add(250_000_000)
            load.set(-1.5)
            wait.observe(0, count: 2)
            wait.observe(1_000_000_000, count: 4)
        }
    }

    private struct Flushes {
        let registry: MetricRegistry
        var encoder: StatsdEncoder
        var snapshot = MetricSnapshot()

        init(_ registry: MetricRegistry, _ options: StatsdOptions) {
            self.registry = registry
            encoder = StatsdEncoder(options: options)
        }

        mutating func bytes(random: Double = 0) -> String {
            registry.read(into: &snapshot)
            var packer = DatagramPacker(limit: 100_000)
            encoder.encode(snapshot, into: &packer) { random }
            return packer.datagrams.map { String(decoding: $0.bytes, as: UTF8.self) }.joined()
        }

        mutating func next(random: Double = 0) -> [String] {
            bytes(random: random).split(separator: "\n").map(String.init)
        }
    }
}
