import Telemetry
import Testing

@testable import RelayAdmin

@Suite struct MetricsRouteTests {
    private func withMetrics(_ body: (String) throws -> Void) async throws {
        let registry = MetricRegistry(shards: 1)
        let exposition = try MetricExposition(registry: registry, selfPrefix: "test_telemetry_")
        try await withServer(["/metrics": .metrics { exposition.scrape(acceptEncoding: $0) }]) { port in
            try body("http://127.0.0.1:\(port)/metrics")
        }
    }

    @Test func `a scrape is plain, or compressed for who asks`() async throws {
        try await withMetrics { (url: String) throws in
            let plain = try Curl.get(url)
            #expect(plain.status == 200)
            #expect(plain.head.contains("content-type: text/plain; version=0.0.4"))
            #expect(plain.head.contains("vary: accept-encoding"))
            #expect(!plain.head.contains("content-encoding"))
            #expect(plain.body.contains("# TYPE test_telemetry_"))
            let compressed = try Curl.get(url, "--compressed")
            #expect(compressed.head.contains("content-encoding: gzip"))
            #expect(compressed.body.contains("# TYPE test_telemetry_"), "as curl inflates it")
        }
    }
}
