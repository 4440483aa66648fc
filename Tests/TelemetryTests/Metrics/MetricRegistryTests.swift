import Testing

@testable import Telemetry

@Suite struct MetricRegistryTests {
    /// Eight threads write their own shards and the shared copies while two scrape without pause.
    @Test func shardsSumExactlyAndNoScrapeEverFalls() throws {
        let shards = 8
        let rounds = 200_000
        let registry = MetricRegistry(shards: shards)
        let counter = try registry.counter(.counter("c_total", help: "C."))
        let histogram = try registry.histogram(
            .histogram("h_seconds", unit: .seconds, bounds: [0.001, 0.01], help: "H.")
        )
        let writersLeft = Countdown(shards)
        let falls = Tally()
        onThreads(shards + 2) { index in
            guard index < shards else { return falls.add(Self.scrapesThatFell(of: registry, until: writersLeft)) }
            let (own, shared) = (counter.on(shard: index)[0], counter.shared())
            let (ownHistogram, sharedHistogram) = (histogram.on(shard: index)[0], histogram.shared())
            for round in 0..<rounds {
                own.add(2)
                shared.add()
                ownHistogram.observe(UInt64(round % 3) * 5_000_000, count: 2)
                sharedHistogram.observe(500_000)
            }
            writersLeft.countDown()
        }
        #expect(falls.value == 0)
        var snapshot = MetricSnapshot()
        registry.read(into: &snapshot)
        let expected = UInt64(shards * rounds)
        #expect(snapshot.count(snapshot.families[0], series: 0) == 3 * expected)
        let family = snapshot.families[1]
        let buckets = (0...2).map { snapshot.bucket($0, family, series: 0) }
        let thirds = (0..<rounds).reduce(into: [0, 0, 0]) { $0[$1 % 3] += 1 }.map { UInt64($0 * shards * 2) }
        #expect(buckets == [thirds[0] + expected, thirds[1] + thirds[2], 0])
        let sum = Double(thirds[1]) * 5e6 + Double(thirds[2]) * 10e6 + Double(expected) * 5e5
        #expect(snapshot.number(family, series: 0) == sum)
    }

    private static func scrapesThatFell(of registry: MetricRegistry, until writersLeft: Countdown) -> Int {
        var snapshot = MetricSnapshot()
        var (lastCount, lastBuckets): (UInt64, [UInt64]) = (0, [0, 0, 0])
        var falls = 0
        repeat {
            registry.read(into: &snapshot)
            let count = snapshot.count(snapshot.families[0], series: 0)
            let buckets = (0...2).map { snapshot.bucket($0, snapshot.families[1], series: 0) }
            if count < lastCount || zip(buckets, lastBuckets).contains(where: <) { falls += 1 }
            (lastCount, lastBuckets) = (count, buckets)
        } while writersLeft.isRunning
        return falls
    }

    @Test func everySeriesIsThereAtZero() throws {
        let registry = MetricRegistry(shards: 1)
        let labels = [LabelDimension("a", ["1", "2"]), LabelDimension("b", ["x", "y", "z"])]
        let family = try registry.counter(.counter("c_total", labels: labels, help: "C."))
        var snapshot = MetricSnapshot()
        registry.read(into: &snapshot)
        #expect(snapshot.families[0].seriesCount == 6)
        for series in 0..<6 { #expect(snapshot.count(snapshot.families[0], series: series) == 0) }
        let place = try #require(family.index(of: "2", "y"))
        #expect(snapshot.families[0].labels(of: place).pairs.map(\.value) == ["2", "y"])
        #expect(family.index(of: "2", "w") == nil)
        #expect(family.index(of: "2") == nil)
    }

    @Test func cellsOfDifferentShardsShareNoCacheLines() throws {
        let registry = MetricRegistry(shards: 3)
        for index in 0..<200 {
            let family = try registry.histogram(.histogram("h\(index)", bounds: [1, 2, 3, 4, 5], help: "H."))
            let lines = (0..<3).map { UInt(bitPattern: family.run.cells.on(shard: $0).pointer) / 128 }
            let shared = UInt(bitPattern: family.run.cells.shared.pointer) / 128
            #expect(Set(lines + [shared]).count == 4)
        }
    }

    @Test func aTotalCountedElsewhereNeverFalls() throws {
        let registry = MetricRegistry(shards: 0)
        let counter = try registry.counter(.counter("c_total", help: "C.")).shared()
        for total: UInt64 in [5, 9, 7] { counter.raise(to: total) }
        var snapshot = MetricSnapshot()
        registry.read(into: &snapshot)
        #expect(snapshot.count(snapshot.families[0], series: 0) == 9)
    }

    @Test func hooksRunBeforeEachReading() throws {
        let registry = MetricRegistry(shards: 0)
        let gauge = try registry.gauge(.gauge("g", help: "G.")).shared()
        registry.beforeScrape { gauge.add(1) }
        var snapshot = MetricSnapshot()
        for expected in [1.0, 2.0] {
            registry.read(into: &snapshot)
            #expect(snapshot.number(snapshot.families[0], series: 0) == expected)
        }
    }
}
