import CoreMetrics
import Telemetry
import Testing

@Suite struct RegistryMetricsFactoryTests {
    @Test func eachKindOfInstrumentHasItsSeries() throws {
        let (factory, scrape) = try factory(budget: 1_000)
        Counter(label: "http.requests", dimensions: [("method", "get"), ("code", "200")], factory: factory)
            .increment(by: 3)
        Counter(label: "http.requests", dimensions: [("code", "200"), ("method", "get")], factory: factory)
            .increment()
        Meter(label: "queue-depth", factory: factory).set(7.5)
        Recorder(label: "ratio", factory: factory).record(0.0015)
        Timer(label: "work", factory: factory).recordNanoseconds(2_000_000)
        Gauge(label: "2nd", dimensions: [("__x", "1"), ("le", "2")], factory: factory).record(4)
        let lines = scrape()
        for line in [
            #"http_requests_total{code="200",method="get"} 4"#, "queue_depth 7.5",
            #"ratio_bucket{le="1.0"} 1"#, "ratio_sum 0.0015", #"work_seconds_bucket{le="0.005"} 1"#,
            #"work_seconds_bucket{le="0.001"} 0"#, "work_seconds_sum 0.002", #"_2nd{_x="1",exported_le="2"} 4"#,
        ] {
            #expect(lines.contains(line))
        }
    }

    @Test func pastTheBudgetLabelsFoldAndSumsStayWhole() throws {
        let (factory, scrape) = try factory(budget: 5)
        for agent in 0..<100 {
            Counter(label: "seen", dimensions: [("agent", "a\(agent)")], factory: factory).increment()
        }
        let lines = scrape()
        let seen = lines.filter { $0.hasPrefix("seen_total{") }
        #expect(seen.count == 5)
        #expect(seen.last == #"seen_total{agent="other"} 96"#)
        #expect(lines.contains("self_telemetry_series_folded_total 96"))
    }

    @Test func familiesPastTheBudgetAreCountedAndNotShown() throws {
        let (factory, scrape) = try factory(budget: 5)
        for index in 0..<10 { Counter(label: "name\(index)", factory: factory).increment() }
        let lines = scrape()
        #expect(lines.count { $0.hasPrefix("name") } == 5)
        #expect(lines.contains("self_telemetry_instruments_refused_total 5"))
        #expect(lines.contains("self_telemetry_series_folded_total 0"))
    }

    @Test func anOverlongLabelFolds() throws {
        let (factory, scrape) = try factory(budget: 100)
        let value = String(repeating: "x", count: 129)
        Counter(label: "seen", dimensions: [("value", value)], factory: factory).increment()
        #expect(scrape().contains(#"seen_total{value="other"} 1"#))
    }

    @Test func oneNameIsOneKind() throws {
        let (factory, scrape) = try factory(budget: 100)
        Meter(label: "a.b", factory: factory).set(1)
        Recorder(label: "a_b", factory: factory).record(5)
        let lines = scrape()
        #expect(lines.contains("a_b 1"))
        #expect(!lines.contains { $0.hasPrefix("a_b_bucket") })
        #expect(lines.contains("self_telemetry_instruments_refused_total 1"))
    }

    private func factory(budget: Int) throws -> (RegistryMetricsFactory, () -> [String]) {
        let registry = MetricRegistry(shards: 0, dynamicSeriesBudget: budget)
        let exposition = try MetricExposition(registry: registry, selfPrefix: "self_")
        let scrape = {
            String(decoding: exposition.scrape()?.body ?? [], as: UTF8.self)
                .split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
        }
        return (try RegistryMetricsFactory(registry: registry), scrape)
    }
}
