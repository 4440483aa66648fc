import CountedPath
import MallocCounter
import RelayCore
import RelayTelemetry
import Telemetry

/// Allocations of the message path and of a scrape, as JSON: `swift run -c release allocation-count`. The bounds are in
/// Benchmarks/Thresholds/allocations.json, and Tests/Budgets holds the one against the other.
@main
enum AllocationCount {
    private static let warmUp = 64

    static func main() throws {
        let (reading, tick) = try count(loops: 1, towards: 0)
        let (handedOver, bothTicks) = try count(loops: 2, towards: 1)
        let (few, many) = (try scrape(series: 1_000), try scrape(series: 10_000))
        print(
            """
            {"message": \(reading), "tick": \(tick), "message_to_another_loop": \(handedOver), \
            "ticks_of_two_loops": \(bothTicks), "scrape_of_1000_series": \(few), "scrape_of_10000_series": \(many)}
            """
        )
    }

    /// Of 100 reads: from the read buffer to the recipient's outbox or batch, and of the ticks.
    private static func count(loops: Int, towards loop: Int) throws -> (reading: UInt64, ticks: UInt64) {
        let registry = MetricRegistry(shards: loops)
        let readings = RelayReadings(loops: { .init() }, store: { .init() }, logs: { .init() }, clock: { .init() })
        let instruments = try RelayInstruments(
            registry: registry,
            readings: readings,
            build: .example,
            flights: FlightRecorder(loops: loops, bytes: 1 << 20) { 0 }
        )
        let traces = MessageTraces(TraceSettings(ratio: 0))
        let path = MessagePath(loops: loops) { instruments.observer(loop: $0, traces: traces) }
        let reads = path.reads(warmUp + 100, towards: loop)
        var (reading, ticks): (UInt64, UInt64) = (0, 0)
        let before = path.bytesTaken(on: loop)
        for (index, read) in reads.enumerated() {
            let own = allocations { path.receive(read) }
            let rest = allocations { path.turn() }
            guard index >= warmUp else { continue }
            reading += own
            ticks += rest
        }
        path.turn()
        let sent = reads.count * MessagePath.messagesPerRead * MessagePath.envelopeBytes
        precondition(path.bytesTaken(on: loop) - before > sent, "messages were lost")
        return (reading, ticks)
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
