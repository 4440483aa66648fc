import Foundation
import Telemetry
import Testing

@testable import RelayAdmin

/// What a real Prometheus makes of /metrics with native histograms, where it asks for protobuf, and without, where it
/// asks for OpenMetrics.
@Suite struct PrometheusScrapeTests {
    private static let bounds = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10]

    /// Ten thousand from a millisecond to ten seconds, as likely in each octave.
    private static let latencies = (0..<10_000).map { UInt64(1e6 * pow(10, 4 * Double($0) / 10_000)) }

    private func withTwoServers(
        _ exemplar: Exemplar,
        _ body: (_ native: PrometheusServer, _ classic: PrometheusServer) throws -> Void
    ) async throws {
        let registry = MetricRegistry(shards: 1)
        let family = try registry.histogram(
            .histogram("app_latency_seconds", unit: .seconds, bounds: Self.bounds, help: "Latency.")
        )
        for latency in Self.latencies { family.shared().observe(latency) }
        family.shared().keep(exemplar, of: Self.latencies[5_000])
        let exposition = try MetricExposition(registry: registry, selfPrefix: "app_")
        let route = AdminRoute.metrics { exposition.scrape(accept: $0, acceptEncoding: $1) }
        try await withServer(["/metrics": route]) { port in
            let features = "native-histograms,exemplar-storage"
            let native = try PrometheusServer(scraping: "127.0.0.1:\(port)", features: features)
            let classic = try PrometheusServer(scraping: "127.0.0.1:\(port)", features: "exemplar-storage")
            try body(native, classic)
        }
    }

    @Test func `quantiles of native and classic buckets agree, and each point leads to its trace`() async throws {
        let now = Int64(Date.now.timeIntervalSince1970 * 1000)
        let exemplar = Exemplar(traceHigh: 0xFEED, traceLow: 0xBEEF, span: 7, unixMilliseconds: now)
        try await withTwoServers(exemplar) { native, classic in
            let count = Double(Self.latencies.count)
            try native.value("histogram_count(app_latency_seconds)") { $0 == count }
            try classic.value("app_latency_seconds_count") { $0 == count }
            for quantile in [0.15, 0.45, 0.8, 0.99] {
                let exact = Double(Self.latencies[Int(count * quantile)]) / 1e9
                let fine = try #require(try native.value("histogram_quantile(\(quantile), app_latency_seconds)"))
                let coarse = try #require(
                    try classic.value("histogram_quantile(\(quantile), app_latency_seconds_bucket)")
                )
                #expect(abs(fine / exact - 1) < 0.0905, "native buckets are 9.05 % wide")
                #expect(place(of: fine) == place(of: coarse), "\(fine) and \(coarse) in one classic bucket")
            }
            let sums = (
                try native.value("histogram_sum(app_latency_seconds)"), try classic.value("app_latency_seconds_sum")
            )
            #expect(sums.0 == sums.1)
            for (server, name) in [(native, "app_latency_seconds"), (classic, "app_latency_seconds_bucket")] {
                let kept = try server.exemplars(name)
                #expect(kept.map { $0.labels["trace_id"] } == ["000000000000feed000000000000beef"])
                #expect(kept.map { Double($0.value) } == [Double(Self.latencies[5_000]) / 1e9])
            }
            for (server, format) in [(native, "protobuf"), (classic, "openmetrics")] {
                let answers = "app_scrape_answers_total{format=\"\(format)\",encoding=\"gzip\"}"
                try server.value(answers) { $0 > 0 }
            }
        }
    }

    private func place(of value: Double) -> Int { Self.bounds.count { $0 < value } }
}
