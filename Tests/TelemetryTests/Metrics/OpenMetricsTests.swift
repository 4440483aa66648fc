import Foundation
import Testing

@testable import Telemetry

@Suite struct OpenMetricsTests {
    @Test func theWholeTextIsAsExpected() throws {
        let registry = MetricRegistry(shards: 1)
        let modes = [LabelDimension("mode", ["user"])]
        let cpu = try registry.counter(
            .counter("app_cpu_seconds_total", unit: .seconds, labels: modes, help: #"CPU "time"."#)
        )
        cpu.shared().add(1_500_000_000)
        try registry.gauge(.gauge("app_heap_bytes", unit: .bytes, help: "Heap.")).shared().set(4096)
        let latency = try registry.histogram(
            .histogram("app_latency", unit: .seconds, bounds: [0.01, 1], help: "Latency.")
        )
        latency.on(shard: 0)[0].observe(10_000_000)
        var snapshot = MetricSnapshot()
        registry.read(into: &snapshot)
        var bytes: [UInt8] = []
        PrometheusTextEncoder(openMetrics: true).encode(snapshot, into: &bytes)
        let created = snapshot.families[0].registered.series[0].created
        #expect(abs(Double(created) / 1000 - Date.now.timeIntervalSince1970) < 3_600)
        var seconds: [UInt8] = []
        seconds.appendDecimal(UInt64(created), scaledBy: 3)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(
            text.replacing(/_created(\{.*\})? [0-9.]+/) { "_created\($0.1 ?? "") T" } == #"""
                # HELP app_cpu_seconds CPU \"time\".
                # TYPE app_cpu_seconds counter
                # UNIT app_cpu_seconds seconds
                app_cpu_seconds_total{mode="user"} 1.5
                app_cpu_seconds_created{mode="user"} T
                # HELP app_heap_bytes Heap.
                # TYPE app_heap_bytes gauge
                # UNIT app_heap_bytes bytes
                app_heap_bytes 4096
                # HELP app_latency Latency.
                # TYPE app_latency histogram
                app_latency_bucket{le="0.01"} 1
                app_latency_bucket{le="1.0"} 1
                app_latency_bucket{le="+Inf"} 1
                app_latency_sum 0.01
                app_latency_count 1
                app_latency_created T
                # EOF

                """#
        )
        let line = "app_cpu_seconds_created{mode=\"user\"} \(String(decoding: seconds, as: UTF8.self))\n"
        #expect(text.contains(line))
    }

    @Test func theOfficialParserUnderstandsAllOfIt() throws {
        let odd = "a\\b\"c\nd{é}"
        let registry = MetricRegistry(shards: 0)
        let counter = try registry.counter(
            .counter("odd_total", labels: [LabelDimension("value", [odd])], help: "Odd \\ \"help\"\nof all.")
        )
        counter.shared().add(7)
        let histogram = try registry.histogram(
            .histogram("app_wait_seconds", unit: .seconds, bounds: [0.00005, 1_048_576], help: "Wait.")
        )
        let exemplar = Exemplar(traceHigh: 1, traceLow: .max, span: 3, unixMilliseconds: 1_785_000_000_250)
        histogram.shared().observe(123_456_789, exemplar: exemplar)
        try ProcessMetrics.register(in: registry)
        let families = try parse(registry)
        #expect(families.map(\.name).prefix(2) == ["odd", "app_wait_seconds"])
        #expect(families[0].help == "Odd \\ \"help\"\nof all.")
        #expect(families[0].samples[0].labels == ["value": odd])
        #expect(families[0].samples[0].value == "7")
        #expect(families[1].type == "histogram")
        #expect(families[1].unit == "seconds")
        let kept = try #require(families[1].samples.first { $0.labels["le"] == "1.048576e+06" }?.exemplar)
        #expect(kept.labels == ["trace_id": "0000000000000001ffffffffffffffff", "span_id": "0000000000000003"])
        #expect(kept.value == 0.123456789)
        #expect(kept.timestamp == 1_785_000_000.25)
        #expect(families.contains { $0.name == "self_telemetry_series_folded" && $0.type == "counter" })
    }

    /// A gauge `x` beside a counter `x_total` would be one family twice.
    @Test func namesThatMeetInOpenMetricsAreRefused() throws {
        let registry = MetricRegistry(shards: 0)
        _ = try registry.counter(.counter("x_total", help: "X."))
        for name in ["x", "x_created"] {
            #expect(throws: MetricDeclarationError.duplicate(name)) { try registry.gauge(.gauge(name, help: "X.")) }
        }
        #expect(throws: MetricDeclarationError.suffix("_total")) {
            try registry.counter(.counter("_total", help: "Of nothing."))
        }
    }

    private struct Family: Decodable {
        struct Sample: Decodable {
            let name: String
            let labels: [String: String]
            let value: String
            let exemplar: Kept?
        }

        struct Kept: Decodable {
            let labels: [String: String]
            let value: Double
            let timestamp: Double
        }

        let name, type, unit, help: String
        let samples: [Sample]
    }

    private func parse(_ registry: MetricRegistry) throws -> [Family] {
        let exposition = try MetricExposition(registry: registry, selfPrefix: "self_")
        let body = try #require(exposition.scrape(accept: ExpositionFormat.openMetrics.contentType)).body
        let parsed = try ExternalProgram.peer("openmetrics_json.py", input: body)
        return try JSONDecoder().decode([Family].self, from: parsed)
    }
}
