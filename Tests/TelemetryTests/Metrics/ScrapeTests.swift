import Foundation
import Telemetry
import Testing

@Suite struct ScrapeTests {
    @Test func gzipIsWhatGunzipReads() throws {
        let exposition = try exposition(counters: 2_000)
        _ = exposition.scrape()
        let compressed = try #require(exposition.scrape(acceptEncoding: "gzip"))
        #expect(compressed.contentEncoding == "gzip")
        #expect(try ExternalProgram.run("gzip", "-t", input: compressed.body).status == 0)
        let text = try ExternalProgram.run("gunzip", "-c", input: compressed.body)
        #expect(text.status == 0)
        #expect(text.standardOutput.count > 5 * compressed.body.count)
        #expect(text.standardOutput.starts(with: Data("# HELP c0_total".utf8)))
        #expect(text.standardOutput.last == UInt8(ascii: "\n"))

        var broken = compressed.body
        broken[broken.count / 2] ^= 0x10
        #expect(try ExternalProgram.run("gzip", "-t", input: broken).status != 0)
    }

    @Test(
        arguments: [
            (nil, false), ("", false), ("gzip", true), ("GZIP", true), ("x-gzip", true), ("identity", false),
            ("deflate, gzip;q=1.0, *;q=0.5", true), ("gzip;q=0", false), ("gzip; q=0.000", false), ("*", true),
            ("*;q=0", false), ("br, *;q=0.1", true), ("*, gzip;q=0", false), ("identity, gzip;q=0.5", false),
            ("identity;q=0.5, gzip;q=1", true), ("gzip;q=nonsense", false), ("gzip;q=2", false), (";;,,", false),
            ("gzip\t;\tq=0.5", true), ("gzipped", false),
        ] as [(String?, Bool)]
    )
    func encodingIsNegotiated(header: String?, gzip: Bool) {
        #expect(AcceptEncoding.allowsGzip(header) == gzip)
    }

    @Test func anAnswerOutlivesTheNextScrape() throws {
        let exposition = try exposition(counters: 1)
        let first = try #require(exposition.scrape())
        let copy = first.body.map { $0 }
        _ = exposition.scrape()
        #expect(first.body == copy)
    }

    @Test func promtoolAcceptsEveryKindOfMetric() throws {
        let registry = MetricRegistry(shards: 1)
        try ProcessMetrics.register(in: registry)
        let labels = [LabelDimension("odd", ["plain", "a\\b\"c\nd"])]
        _ = try registry.counter(.counter("app_requests_total", labels: labels, help: "Requests\n\\ of all."))
        _ = try registry.gauge(.gauge("app_load_ratio", labels: labels, help: "Load."))
        let sizes = try registry.histogram(
            .histogram("app_size_bytes", unit: .bytes, bounds: [1, 1024, 1_048_576], labels: labels, help: "Size.")
        )
        sizes.shared(1).observe(2_000)
        let exposition = try MetricExposition(registry: registry, selfPrefix: "app_telemetry_")
        let verdict = try ExternalProgram.run(
            "promtool",
            "check",
            "metrics",
            input: #require(exposition.scrape()).body
        )
        #expect(verdict.standardError == "")
        #expect(verdict.status == 0)
    }

    @Test func theProcessIsTheOneThatAsks() throws {
        let registry = MetricRegistry(shards: 0)
        try ProcessMetrics.register(in: registry)
        let exposition = try MetricExposition(registry: registry, selfPrefix: "self_")
        let values = try samples(#require(exposition.scrape()))
        let held = try (0..<50).map { _ in try FileHandle(forReadingFrom: URL(filePath: "/dev/null")) }
        let later = try samples(#require(exposition.scrape()))
        #expect(later["process_open_fds", default: 0] >= values["process_open_fds", default: 0] + 40)
        #expect(held.count == 50)

        let resident = try #require(values["process_resident_memory_bytes"])
        #expect(resident > 1e6 && resident < 1e11)
        #expect(values["process_virtual_memory_bytes", default: 0] >= resident)
        #expect(values["process_threads", default: 0] >= 1)
        #expect(values["process_max_fds", default: 0] >= values["process_open_fds", default: 0])
        #expect(values["process_cpu_seconds_total", default: 0] > 0)
        let started = try #require(values["process_start_time_seconds"])
        #expect(abs(started - Date.now.timeIntervalSince1970) < 86_400)
        #expect(values["self_scrape_series"] == 0)
        #expect(later["self_scrape_series", default: 0] > 20)
        #expect(later[#"self_scrape_duration_seconds_count{format="text"}"#] == 1)
    }

    private func samples(_ response: ScrapeResponse) -> [String: Double] {
        let lines = String(decoding: response.body, as: UTF8.self).split(separator: "\n")
        let pairs = lines.filter { !$0.hasPrefix("#") }.map { $0.split(separator: " ") }
        return Dictionary(uniqueKeysWithValues: pairs.map { (String($0[0]), Double($0[1]) ?? .nan) })
    }

    private func exposition(counters: Int) throws -> MetricExposition {
        let registry = MetricRegistry(shards: 1)
        for index in 0..<counters { _ = try registry.counter(.counter("c\(index)_total", help: "C.")) }
        return try MetricExposition(registry: registry, selfPrefix: "self_")
    }
}
