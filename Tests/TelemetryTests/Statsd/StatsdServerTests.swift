import Foundation
import Logging
import ProgramFixture
import Testing

@testable import Telemetry

/// What real servers make of what is sent.
@Suite struct StatsdServerTests {
    private let registry = MetricRegistry(shards: 0)
    private let requests: SharedCounter
    private let wait: SharedHistogram

    init() throws {
        let labels = [LabelDimension("way", ["in"])]
        requests = try registry.counter(.counter("app_requests_total", labels: labels, help: "Requests.")).shared()
        wait = try registry.histogram(
            .histogram("app_wait_seconds", unit: .seconds, bounds: [1], help: "Wait.")
        ).shared()
        try registry.gauge(.gauge("app_load", help: "Load.")).shared().set(-1.5)
    }

    private func move() {
        requests.add(5)
        wait.observe(100_000_000, count: 30)
        wait.observe(1_000_000_000, count: 60)
    }

    @Test(.timeLimit(.minutes(3))) func collectdTakesThePlainFlavor() throws {
        let port = try FreePort.udp()
        let configuration = """
            Interval 1
            Hostname "here"
            PluginDir "/usr/lib/collectd"
            TypesDB "/usr/share/collectd/types.db"
            LoadPlugin logfile
            <Plugin logfile>
                LogLevel "info"
                File STDOUT
            </Plugin>
            LoadPlugin statsd
            <Plugin statsd>
                Host "127.0.0.1"
                Port "\(port)"
            </Plugin>
            LoadPlugin csv
            <Plugin csv>
                DataDir "stdout"
            </Plugin>
            """
        let command = ["collectd", "-f", "-C", "FOLDER/collectd.conf"]
        let collectd = try RunningProgram(command, files: ["collectd.conf": configuration])
        try collectd.waitForLine { $0.contains("Listening on") }
        move()
        let exporter = try exporter(to: port, .plain, every: .seconds(3_600))
        defer { exporter.close() }
        // `PUTVAL here/statsd/gauge-app_load interval=1.000 1795653878.703:-1.500000`, and so each second.
        for (series, value) in [
            ("derive-app_requests_total.way.in", "5"), ("gauge-app_load", "-1.500000"),
            ("derive-app_wait_seconds.count", "90"), ("derive-app_wait_seconds.sum", "63"),
            ("gauge-app_wait_seconds.p50", "0.958502"),
        ] {
            try collectd.waitForLine { $0.contains("here/statsd/\(series) ") && $0.hasSuffix(":" + value) }
        }
    }

    @Test(.timeLimit(.minutes(3))) func netdataTakesTagsAndRates() throws {
        let port = try FreePort.udp()
        let netdata = try Netdata(statsdPort: port)
        let exporter = try exporter(to: port, .dogstatsd, every: .milliseconds(100))
        defer { exporter.close() }
        let load = try netdata.value("statsd_app.load_gauge", "gauge") { $0 != 0 }
        #expect(load == -1.5)
        // netdata shows what the last second brought: values move until they were seen.
        try netdata.value("statsd_app.requests_total_counter", "counter", while: move) { $0 > 0 }
        // Without rates it would be the mean of two values, 0.53.
        try netdata.value("statsd_app.wait_seconds_histogram", "average", while: move) { average in
            abs(average - (30 * 0.1 + 60 * 0.96) / 90) < 0.02
        }
    }

    private func exporter(
        to port: Int,
        _ flavor: StatsdOptions.Flavor,
        every interval: Duration
    ) throws -> StatsdExporter {
        StatsdExporter(
            registry: registry,
            host: "127.0.0.1",
            port: port,
            options: StatsdOptions(flavor: flavor, tags: ["env:test"], flushInterval: interval),
            metrics: try StatsdMetrics(registry: registry, prefix: "my_"),
            logger: Logger(label: "statsd") { _ in SwiftLogNoOpLogHandler() }
        )
    }
}

/// A real netdata that does nothing but statsd, asked through a Unix socket.
private struct Netdata {
    private static let off = [
        "proc", "diskspace", "cgroups", "tc", "idlejitter", "timex", "checks", "apps", "python.d", "charts.d",
    ]

    private let program: RunningProgram

    init(statsdPort: Int) throws {
        let configuration = """
            [global]
                run as user = \(NSUserName())
            [db]
                mode = ram
            [directories]
                config = FOLDER
                stock config = FOLDER
                cache = FOLDER
                lib = FOLDER
                log = FOLDER
            [web]
                bind to = unix:FOLDER/web
            [ml]
                enabled = no
            [health]
                enabled = no
            [plugins]
            \(Self.off.map { "    \($0) = no" }.joined(separator: "\n"))
            [statsd]
                bind to = udp:127.0.0.1:\(statsdPort)
            """
        program = try RunningProgram(
            ["netdata", "-D", "-c", "FOLDER/netdata.conf"],
            files: ["netdata.conf": configuration]
        )
    }

    struct NeverSo: Error { let charts: [String] }

    /// The value of a dimension as soon as `isWanted` holds of it; half a minute of requests with curl, or more.
    @discardableResult
    func value(
        _ chart: String,
        _ dimension: String,
        while move: () -> Void = {},
        once isWanted: (Double) -> Bool
    ) throws -> Double {
        var charts: [String: Chart] = [:]
        var movedAt: ContinuousClock.Instant?
        for _ in 0..<3_000 {
            // Once for each of its seconds: of many more observations it takes a part, at another rate.
            if movedAt.map({ ContinuousClock.now - $0 >= .seconds(1) }) ?? true {
                move()
                movedAt = .now
            }
            charts = try self.charts()
            if let value = charts[chart]?.dimensions[dimension]?.value, isWanted(value) { return value }
        }
        throw NeverSo(charts: charts.keys.sorted())
    }

    private func charts() throws -> [String: Chart] {
        let socket = program.folder.path + "/web"
        let url = "http://localhost/api/v1/allmetrics?format=json"
        let answer = try ExternalProgram.run("curl", "-s", "--unix-socket", socket, url, input: [])
        guard answer.status == 0 else { return [:] }
        return try JSONDecoder().decode([String: Chart].self, from: answer.standardOutput)
    }

    private struct Chart: Decodable {
        struct Dimension: Decodable { let value: Double? }
        let dimensions: [String: Dimension]
    }
}
