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

    @Test func aFloatingCounterKeepsItsFractionsAndNeverFalls() throws {
        let (factory, scrape) = try factory(budget: 100)
        let joules = FloatingPointCounter(label: "joules", dimensions: [("rail", "a")], factory: factory)
        for amount in [0.125, -3, .nan, .infinity, 0.25] { joules.increment(by: amount) }
        joules.reset()
        #expect(scrape().contains(#"joules_total{rail="a"} 0.375"#))
        let whole = Counter(label: "grams", factory: factory)
        whole.increment(by: 5)
        whole.increment(by: -7)
        whole.reset()
        whole.destroy()
        #expect(scrape().contains("grams_total 5"), "a server would read less as a restart")
    }

    @Test func recordersAggregateOrStandAsTheyAre() throws {
        let (factory, scrape) = try factory(budget: 100)
        for value in [3, 700, -2] {
            Recorder(label: "size", aggregate: true, factory: factory).record(value)
            Recorder(label: "level", aggregate: false, factory: factory).record(value)
        }
        Timer(label: "work", factory: factory).recordSeconds(2)
        let lines = scrape()
        for line in [
            #"size_bucket{le="1.0"} 1"#, #"size_bucket{le="10.0"} 2"#, #"size_bucket{le="1000.0"} 3"#, "size_sum 701",
            "level -2", #"work_seconds_bucket{le="1.0"} 0"#, #"work_seconds_bucket{le="5.0"} 1"#, "work_seconds_sum 2",
        ] {
            #expect(lines.contains(line))
        }
    }

    @Test(
        arguments: [
            ("http.requests", [("method", "get")], #"http_requests_total{method="get"} 1"#),
            ("9 lives", [("a-b", "x"), ("a.b", "y")], #"_9_lives_total{a_b="y"} 1"#),
            ("größe", [("__name__", "n")], #"gr____e_total{_name__="n"} 1"#),
            ("", [("", "v")], #"__total{_="v"} 1"#), ("done_total", [("le", "1")], #"done_total{exported_le="1"} 1"#),
            ("quoted", [("q", "a\"b\\c\nd")], #"quoted_total{q="a\"b\\c\nd"} 1"#),
        ] as [(String, [(String, String)], String)]
    )
    func namesAreMadeWhatAServerTakes(label: String, dimensions: [(String, String)], line: String) throws {
        let (factory, scrape) = try factory(budget: 100)
        Counter(label: label, dimensions: dimensions, factory: factory).increment()
        #expect(scrape().contains(line))
    }

    /// In OpenMetrics a counter `x_total` and a gauge `x` are one family, twice.
    @Test func aNameThatIsTakenIsRefusedAndCounted() throws {
        let (factory, scrape) = try factory(budget: 100)
        Counter(label: "x", factory: factory).increment()
        Meter(label: "x", factory: factory).set(1)
        FloatingPointCounter(label: "x", factory: factory).increment(by: 0.5)
        Meter(label: "self_scrape_series", factory: factory).set(9)
        let lines = scrape()
        #expect(lines.contains("x_total 1"))
        #expect(!lines.contains { $0.hasPrefix("x ") || $0 == "self_scrape_series 9" })
        #expect(lines.contains("self_telemetry_instruments_refused_total 3"))
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
