import Foundation
import Telemetry
import Testing

@Suite struct TextExpositionTests {
    @Test func theWholeTextIsAsExpected() throws {
        let registry = MetricRegistry(shards: 2)
        let requests = try registry.counter(
            .counter(
                "app_requests_total",
                labels: [LabelDimension("method", ["get", "put"]), LabelDimension("code", ["200", "500"])],
                help: "Requests, \"all\" of them.\nC:\\temp"
            )
        )
        let cpu = try registry.counter(.counter("app_cpu_seconds_total", unit: .seconds, help: "CPU."))
        let load = try registry.gauge(.gauge("app_load", help: "Load."))
        let latency = try registry.histogram(
            .histogram("app_latency_seconds", unit: .seconds, bounds: [0.00005, 0.01, 1], help: "Latency.")
        )
        let put500 = try #require(requests.index(of: "put", "500"))
        requests.on(shard: 0)[put500].add(3)
        requests.on(shard: 1)[put500].add()
        requests.shared(put500).add(6)
        cpu.shared().add(1_500_000_000)
        load.on(shard: 0).set(0.5)
        load.shared().add(-2)
        latency.on(shard: 0)[0].observe(50_000, count: 2)
        latency.on(shard: 1)[0].observe(50_001)
        latency.shared().observe(2_000_000_000)
        #expect(try text(registry) == Self.golden)
    }

    private static let golden = #"""
        # HELP app_requests_total Requests, "all" of them.\nC:\\temp
        # TYPE app_requests_total counter
        app_requests_total{method="get",code="200"} 0
        app_requests_total{method="get",code="500"} 0
        app_requests_total{method="put",code="200"} 0
        app_requests_total{method="put",code="500"} 10
        # HELP app_cpu_seconds_total CPU.
        # TYPE app_cpu_seconds_total counter
        app_cpu_seconds_total 1.5
        # HELP app_load Load.
        # TYPE app_load gauge
        app_load -1.5
        # HELP app_latency_seconds Latency.
        # TYPE app_latency_seconds histogram
        app_latency_seconds_bucket{le="5e-05"} 2
        app_latency_seconds_bucket{le="0.01"} 3
        app_latency_seconds_bucket{le="1.0"} 3
        app_latency_seconds_bucket{le="+Inf"} 4
        app_latency_seconds_sum 2.000150001
        app_latency_seconds_count 4

        """#

    @Test func labelValuesAreEscaped() throws {
        let registry = MetricRegistry(shards: 0)
        let odd = "a\\b\"c\nd{é}"
        _ = try registry.gauge(.gauge("odd", labels: [LabelDimension("value", [odd])], help: "Odd."))
        let line = #"odd{value="a\\b\"c\nd{é}"} 0"#
        #expect(try text(registry).split(separator: "\n").contains(Substring(line)))
    }

    @Test(arguments: [
        (0.0, "0"), (-0.0, "0"), (1, "1"), (-7, "-7"), (0.1, "0.1"), (0.30000000000000004, "0.30000000000000004"),
        (1e-9, "0.000000001"), (1e-10, "1e-10"), (0x1p53, "9007199254740992.0"), (1e300, "1e+300"),
        (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (1_785_000_000.25, "1785000000.25"),
    ])
    func gaugesReadBackAsTheyWere(value: Double, expected: String) throws {
        let registry = MetricRegistry(shards: 0)
        try registry.gauge(.gauge("value", help: "Value.")).shared().set(value)
        let printed = try #require(try text(registry).split(separator: "\n").last?.dropFirst("value ".count))
        #expect(printed == expected)
        let read = try #require(Double(printed.replacing("Inf", with: "inf")))
        #expect(read == value || read.isNaN && value.isNaN)
    }

    /// As `strconv.FormatFloat(x, 'g', -1, 64)` with `.0` where it has neither point nor exponent.
    @Test(arguments: [
        (0, "0.0"), (0.00005, "5e-05"), (0.0001, "0.0001"), (0.0125, "0.0125"), (1, "1.0"), (2.5, "2.5"),
        (65_536, "65536.0"), (100_000, "100000.0"), (1_000_000, "1e+06"), (1_048_576, "1.048576e+06"),
        (16_777_216, "1.6777216e+07"), (1.5e-10, "1.5e-10"),
    ])
    func boundsAreSpelledAsPrometheusSpellsThem(bound: Double, expected: String) throws {
        let registry = MetricRegistry(shards: 0)
        let unit: MetricUnit = bound < 0.001 ? .seconds : .thousandths
        _ = try registry.histogram(.histogram("h", unit: unit, bounds: [bound], help: "H."))
        #expect(try text(registry).contains("h_bucket{le=\"\(expected)\"} 0\n"))
    }

    /// Without the exposition's own metrics.
    private func text(_ registry: MetricRegistry) throws -> String {
        let exposition = try MetricExposition(registry: registry, selfPrefix: "self_")
        let whole = String(decoding: try #require(exposition.scrape()).body, as: UTF8.self)
        let end = try #require(whole.range(of: "# HELP self_"))
        return String(whole[..<end.lowerBound])
    }
}
