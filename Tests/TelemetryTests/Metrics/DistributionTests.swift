import Telemetry
import Testing

@Suite struct DistributionTests {
    private let histogram: HistogramFamily

    init() throws {
        let declaration = MetricDeclaration.histogram("wait_seconds", unit: .seconds, bounds: [0.1, 1], help: "")
        histogram = try MetricRegistry(shards: 1).histogram(declaration)
    }

    @Test(arguments: [(0.0, 1.0), (0.5, 50), (0.95, 95), (0.99, 99), (1, 100)])
    func `a quantile is off by less than a tenth`(rank: Double, milliseconds: Double) throws {
        for value in 1...100 { histogram.shared().observe(UInt64(value) * 1_000_000) }
        let quantile = try #require(histogram.distribution().quantile(rank))
        #expect(abs(quantile * 1_000 - milliseconds) < milliseconds / 10)
    }

    @Test func `what was counted before is left out`() throws {
        histogram.shared().observe(10_000_000_000, count: 1_000)
        let before = histogram.distribution()
        histogram.on(shard: 0)[0].observe(2_000_000)
        let since = histogram.distribution().since(before)
        #expect(since.count == 1)
        #expect(abs(try #require(since.quantile(0.99)) - 0.002) < 0.000_2)
        #expect(histogram.distribution().since(histogram.distribution()).quantile(0.5) == nil)
    }
}
