import MallocCounter
import RelayCore
import RelayTelemetry
import Telemetry

/// Allocations of the message path and of a scrape, as JSON: `swift run -c release allocation-count`. The bounds are in
/// Benchmarks/Thresholds/allocations.json, and Tests/Budgets holds the one against the other.
@main
enum AllocationCount {
    static func main() throws {
        var path = try MessagePath(loops: 1)
        let (reading, tick) = path.count(towards: 0)
        var between = try MessagePath(loops: 2)
        let (handedOver, bothTicks) = between.count(towards: 1)
        let (few, many) = (try scrape(series: 1_000), try scrape(series: 10_000))
        print(
            """
            {"message": \(reading), "tick": \(tick), "message_to_another_loop": \(handedOver), \
            "ticks_of_two_loops": \(bothTicks), "scrape_of_1000_series": \(few), "scrape_of_10000_series": \(many)}
            """
        )
    }

    /// The second of its kind: the first makes the memory that the next ones use again.
    private static func scrape(series count: Int) throws -> UInt64 {
        let registry = MetricRegistry(shards: 2)
        let label = LabelDimension("route", (0..<100).map { "route_number_\($0)" })
        for index in 0..<count / 100 {
            let family = try registry.counter(.counter("counted_\(index)_total", labels: [label], help: "Requests."))
            for series in 0..<100 { family.shared(series).add(UInt64(series * 977)) }
        }
        let exposition = try MetricExposition(registry: registry, selfPrefix: "counted_telemetry_")
        for _ in 0..<3 { _ = exposition.scrape(acceptEncoding: nil) }
        return allocations { _ = exposition.scrape(acceptEncoding: nil) }
    }
}

func allocations(_ body: () -> Void) -> UInt64 {
    let before = malloc_count()
    body()
    return malloc_count() - before
}
