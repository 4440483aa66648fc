import Glibc
import Logging
import Testing

@testable import Telemetry

@Suite struct StatsdExporterTests {
    private let registry = MetricRegistry(shards: 0)
    private let logger = Logger(label: "statsd") { _ in SwiftLogNoOpLogHandler() }

    private func exporter(
        _ host: String,
        _ port: Int,
        _ options: StatsdOptions,
        _ metrics: StatsdMetrics? = nil
    ) throws -> StatsdExporter {
        StatsdExporter(
            registry: registry,
            host: host,
            port: port,
            options: options,
            metrics: try metrics ?? StatsdMetrics(registry: registry, prefix: "my_"),
            logger: logger
        )
    }

    private func total(_ name: String, _ result: String? = nil) -> UInt64 {
        registry.total("my_telemetry_statsd_\(name)_total", result)
    }

    /// The first flush comes at once, the last with the end; an hour between them shows that the end waits for nothing.
    @Test func whatCameSinceTheLastFlushIsSentAtTheEnd() throws {
        let receiver = try UDPReceiver()
        let counter = try registry.counter(.counter("seen_total", help: "Seen.")).shared()
        _ = try registry.gauge(.gauge("load", help: "Load."))
        counter.add(3)
        let exporter = try exporter("localhost", receiver.port, StatsdOptions(flushInterval: .seconds(3_600)))
        #expect(try receiver.receive() == "seen_total:3|c\nload:0|g\n")
        counter.add(4)
        exporter.close(within: .seconds(60))
        #expect(try receiver.receive().hasPrefix("seen_total:4|c\nload:0|g\n"))
        #expect(total("datagrams", "sent") == 2)
        #expect(total("lines", "sent") >= 4)
        #expect(total("sent_bytes") >= 50)
        #expect(total("datagrams", "lost") + total("datagrams", "refused") + total("lines", "oversized") == 0)
    }

    @Test func linesLongerThanADatagramAreCounted() throws {
        let receiver = try UDPReceiver()
        let options = StatsdOptions(flushInterval: .seconds(3_600), maxDatagramBytes: 16)
        _ = try registry.gauge(.gauge("a_gauge_of_a_long_name", help: "Long."))
        _ = try registry.gauge(.gauge("short", help: "Short."))
        let exporter = try exporter("127.0.0.1", receiver.port, options)
        #expect(try receiver.receive() == "short:0|g\n")
        exporter.close(within: .seconds(60))
        #expect(total("lines", "oversized") >= 2)
    }

    /// The kernel tells of a refusal at the next datagram, so that many small ones are needed.
    @Test func aServerThatIsNotThereIsCounted() throws {
        var receiver: UDPReceiver? = try UDPReceiver()
        let port = try #require(receiver).port
        receiver = nil
        for index in 0..<20 { _ = try registry.gauge(.gauge("gauge_\(index)", help: "Gauge.")) }
        let options = StatsdOptions(flushInterval: .milliseconds(1), maxDatagramBytes: 16)
        let metrics = try StatsdMetrics(registry: registry, prefix: "my_")
        let exporter = try exporter("127.0.0.1", port, options, metrics)
        try waitUntil { total("datagrams", "refused") > 0 }
        receiver = try UDPReceiver(port: port)
        #expect(try #require(receiver).receive().hasPrefix("gauge_"), "and found as soon as it is")
        exporter.close(within: .seconds(60))
        #expect(metrics.refused == total("datagrams", "refused") && metrics.refused > 0)
        #expect(metrics.lost == 0, "a datagram that came back was sent")
    }

    @Test func aNameWithoutAnAddressLosesNothing() throws {
        let exporter = try exporter("nowhere.invalid", 8125, StatsdOptions(flushInterval: .milliseconds(1)))
        try waitUntil { total("resolve_failures") >= 3 }
        exporter.close(within: .seconds(60))
        #expect(total("datagrams") == 0)
        #expect(total("lines") == 0)
    }

    private struct NeverSo: Error {}

    /// Two minutes at most: a hang must not hold up everything else.
    private func waitUntil(_ isSo: () -> Bool) throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while !isSo() {
            guard ContinuousClock.now < deadline else { throw NeverSo() }
            usleep(1_000)
        }
    }

    @Test func datagramsAreSpreadOverTheInterval() {
        let offsets = (0..<4).map { StatsdFlushes.offset(of: $0, among: 4, in: .seconds(10)) }
        #expect(offsets == [.zero, .milliseconds(2_500), .seconds(5), .milliseconds(7_500)])
    }
}
