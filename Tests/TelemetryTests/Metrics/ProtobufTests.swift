import Foundation
import Telemetry
import Testing

/// As the official protobuf runtime decodes it, which also finds no field it does not know.
@Suite struct ProtobufTests {
    @Test func everyKindIsDecoded() throws {
        let registry = MetricRegistry(shards: 1)
        let labels = [LabelDimension("method", ["get", "é\"\n"])]
        try registry.counter(.counter("app_cpu_seconds_total", unit: .seconds, labels: labels, help: "CPU."))
            .shared(1).add(2_500_000_000)
        try registry.gauge(.gauge("app_load", help: String(repeating: "Long. ", count: 50))).shared().set(-0.25)
        let families = try decode(registry)
        #expect(families[0].name == "app_cpu_seconds_total")
        #expect(families[0].type == 0)
        #expect(families[0].metric.map { $0.label?.first?.value } == ["get", "é\"\n"])
        #expect(families[0].metric.map { $0.counter?.value ?? 0 } == [0, 2.5])
        let created = try #require(Double(families[0].metric[0].counter?.created_timestamp?.seconds ?? ""))
        #expect(abs(created - Date.now.timeIntervalSince1970) < 3_600)
        #expect(families[1].type == 1)
        #expect(families[1].help?.utf8.count == 300)
        #expect(families[1].metric[0].gauge?.value == -0.25)
    }

    @Test func aHistogramIsNativeAndClassicAtOnce() throws {
        let registry = MetricRegistry(shards: 1)
        let family = try registry.histogram(
            .histogram("app_wait_seconds", unit: .seconds, bounds: [0.1, 1.05], help: "Wait.")
        )
        let own = family.on(shard: 0)[0]
        own.observe(0, count: 2)
        own.observe(500_000_000, count: 3)
        own.observe(1_000_000_000, count: 4)
        own.observe(1_040_000_000, count: 200)
        let exemplar = Exemplar(traceHigh: 1, traceLow: 2, span: 3, unixMilliseconds: 1_785_000_000_250)
        own.observe(1_060_000_000, exemplar: exemplar)
        own.observe(16_000_000_000)
        let histogram = try #require(decode(registry)[0].metric[0].histogram)
        #expect(histogram.sample_count == "211")
        #expect(histogram.sample_sum == 230.56)
        #expect(histogram.bucket.map { $0.cumulative_count ?? "0" } == ["2", "209", "211"])
        #expect(histogram.bucket.map { $0.upper_bound.text } == ["0.1", "1.05", "Infinity"])
        #expect(histogram.schema == 3)
        #expect(histogram.zero_threshold == 0x1p-128)
        #expect(histogram.zero_count == "2")
        // -8 (3), 0 (4), 1 (200 and 1), 32 (1).
        #expect(histogram.positive_span.map { [$0.offset ?? 0, $0.length ?? 0] } == [[-8, 1], [7, 2], [30, 1]])
        #expect(histogram.positive_delta == ["3", "1", "197", "-200"])
        let kept = try #require(histogram.bucket[2].exemplar)
        #expect(kept.label.map(\.value) == ["00000000000000010000000000000002", "0000000000000003"])
        #expect(kept.value == 1.06)
        #expect(kept.timestamp.seconds == "1785000000" && kept.timestamp.nanos == 250_000_000)
    }

    @Test func anEmptyHistogramIsStillNative() throws {
        let registry = MetricRegistry(shards: 0)
        _ = try registry.histogram(.histogram("app_wait_seconds", unit: .seconds, bounds: [1], help: "Wait."))
        let histogram = try #require(decode(registry)[0].metric[0].histogram)
        #expect(histogram.positive_span.count == 1)
        #expect(histogram.positive_span[0].length ?? 0 == 0)
        #expect(histogram.positive_delta == nil)
        #expect(histogram.zero_threshold ?? 0 > 0)
    }

    // Names as in metrics.proto; 64-bit numbers are strings in protobuf's JSON, and zeros are left out.
    private struct Family: Decodable {
        let name: String
        let help: String?
        let metric: [Metric]
        var type: Int { kind ?? 0 }
        private let kind: Int?

        enum CodingKeys: String, CodingKey {
            case name, help, metric
            case kind = "type"
        }
    }

    private struct Metric: Decodable {
        struct Label: Decodable { let name, value: String }
        struct Gauge: Decodable { let value: Double? }
        struct Counter: Decodable {
            let value: Double?
            let created_timestamp: Timestamp?
        }

        let label: [Label]?
        let gauge: Gauge?
        let counter: Counter?
        let histogram: Histogram?
    }

    private struct Timestamp: Decodable {
        let seconds: String?
        let nanos: Int?
    }

    private struct Histogram: Decodable {
        struct Bucket: Decodable {
            let cumulative_count: String?
            let upper_bound: Number
            let exemplar: Kept?
        }

        struct Span: Decodable { let offset, length: Int? }

        struct Kept: Decodable {
            let label: [Metric.Label]
            let value: Double
            let timestamp: Timestamp
        }

        let sample_count: String?
        let sample_sum: Double?
        let bucket: [Bucket]
        let schema: Int?
        let zero_threshold: Double?
        let zero_count: String?
        let positive_span: [Span]
        let positive_delta: [String]?
    }

    /// A number, or `"Infinity"`.
    private struct Number: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            text = try (try? value.decode(Double.self).description) ?? value.decode(String.self)
        }
    }

    private func decode(_ registry: MetricRegistry) throws -> [Family] {
        let exposition = try MetricExposition(registry: registry, selfPrefix: "self_")
        let body = try #require(exposition.scrape(accept: ExpositionFormat.protobuf.contentType)).body
        let decoded = try ExternalProgram.peer("metric_families_json.py", input: body)
        return try JSONDecoder().decode([Family].self, from: decoded)
    }
}
