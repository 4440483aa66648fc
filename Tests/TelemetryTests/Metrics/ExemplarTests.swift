import Testing

@testable import Telemetry

@Suite struct ExemplarTests {
    @Test func theLastOfEachBucketIsShown() throws {
        let registry = MetricRegistry(shards: 1)
        let family = try registry.histogram(
            .histogram(
                "app_latency_seconds",
                unit: .seconds,
                bounds: [0.1, 1],
                labels: [LabelDimension("way", ["a", "b"])],
                help: "Latency."
            )
        )
        let (own, shared) = (family.on(shard: 0)[1], family.shared(1))
        own.observe(50_000_000, exemplar: exemplar(1))
        shared.observe(60_000_000, exemplar: exemplar(2))
        own.observe(2_000_000_000, count: 3)
        own.keep(exemplar(0xABC, span: 0), of: 2_000_000_000)
        let lines = try text(registry, .openMetrics).split(separator: "\n")
            .filter { $0.hasPrefix("app_latency_seconds_bucket") }
        #expect(
            lines == [
                #"app_latency_seconds_bucket{way="a",le="0.1"} 0"#, #"app_latency_seconds_bucket{way="a",le="1.0"} 0"#,
                #"app_latency_seconds_bucket{way="a",le="+Inf"} 0"#,
                #"app_latency_seconds_bucket{way="b",le="0.1"} 2 # "#
                    + #"{trace_id="00000000000000070000000000000002",span_id="0000000000000009"} 0.06 1785000000.002"#,
                #"app_latency_seconds_bucket{way="b",le="1.0"} 2"#,
                #"app_latency_seconds_bucket{way="b",le="+Inf"} 5 # "#
                    + #"{trace_id="00000000000000070000000000000abc"} 2 1785000000.002"#,
            ]
        )
        #expect(try !text(registry, .text).contains("trace_id"), "0.0.4 has none")
    }

    /// Each writer's exemplars are of one number throughout: a torn one would mix two.
    @Test func noneIsEverTorn() {
        let shape = HistogramShape(bounds: [], unit: .none)
        let cells = ExemplarCells(bucketsPerSeries: shape.bounds.count, seriesCount: 1)
        let (torn, read, writers) = (Tally(), Tally(), Countdown(2))
        onThreads(3) { index in
            guard index < 2 else {
                while writers.isRunning || read.value == 0 {
                    guard let kept = cells.read(bucket: 0) else { continue }
                    read.add(1)
                    let numbers = [kept.exemplar.traceHigh, kept.exemplar.traceLow, kept.exemplar.span, kept.ticks]
                    if Set(numbers).count > 1 { torn.add(1) }
                }
                return
            }
            for number: UInt64 in 1...1_000_000 {
                let own = number * 2 + UInt64(index)
                let exemplar = Exemplar(traceHigh: own, traceLow: own, span: own, unixMilliseconds: 0)
                cells.keep(exemplar, ticks: own, bucket: 0)
            }
            writers.countDown()
        }
        #expect(torn.value == 0)
        #expect(read.value > 0)
    }

    private func exemplar(_ low: UInt64, span: UInt64 = 9) -> Exemplar {
        Exemplar(traceHigh: 7, traceLow: low, span: span, unixMilliseconds: 1_785_000_000_002)
    }

    private func text(_ registry: MetricRegistry, _ format: ExpositionFormat) throws -> String {
        var snapshot = MetricSnapshot()
        registry.read(into: &snapshot)
        var bytes: [UInt8] = []
        PrometheusTextEncoder(openMetrics: format == .openMetrics).encode(snapshot, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
