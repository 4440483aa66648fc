import Telemetry
import Testing

@testable import RelayAdmin

@Suite struct MetricsRouteTests {
    private func withMetrics(_ body: (String) throws -> Void) async throws {
        let registry = MetricRegistry(shards: 1)
        let exposition = try MetricExposition(registry: registry, selfPrefix: "test_")
        try await withServer(["/metrics": .metrics { exposition.scrape(accept: $0, acceptEncoding: $1) }]) { port in
            try body("http://127.0.0.1:\(port)/metrics")
        }
    }

    @Test func `a scrape is plain, or compressed for who asks`() async throws {
        try await withMetrics { (url: String) throws in
            let plain = try Curl.get(url)
            #expect(plain.status == 200)
            #expect(plain.head.contains("content-type: text/plain; version=0.0.4"))
            #expect(plain.head.contains("vary: accept, accept-encoding"))
            #expect(!plain.head.contains("content-encoding"))
            #expect(plain.body.contains("# TYPE test_"))
            let compressed = try Curl.get(url, "--compressed")
            #expect(compressed.head.contains("content-encoding: gzip"))
            #expect(compressed.body.contains("# TYPE test_"), "as curl inflates it")
        }
    }

    @Test func `the format is the one asked for, compressed or not`() async throws {
        try await withMetrics { (url: String) throws in
            for format in ExpositionFormat.allCases {
                let plain = try Curl.get(url, "-H", "Accept: \(format.contentType)")
                #expect(plain.head.contains("content-type: \(format.contentType)".lowercased()))
                let preferring = "Accept: \(format.contentType);q=0.5, text/html"
                let compressed = try Curl.get(url, "--compressed", "-H", preferring)
                #expect(compressed.head.contains("content-encoding: gzip"))
                #expect(compressed.body.contains("test_scrape_duration_seconds"))
            }
            let inParts = try Curl.get(url, "-H", "Accept: text/plain;q=0", "-H", "Accept: */*")
            #expect(inParts.head.contains("content-type: application/openmetrics-text"))
            #expect(inParts.body.hasSuffix("# EOF\n"))
            let nothing = try Curl.get(url, "-H", "Accept: */*;q=0")
            #expect(nothing.status == 406)
            #expect(nothing.body.contains("text/plain; version=0.0.4"))
        }
    }
}
