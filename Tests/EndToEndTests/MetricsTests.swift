import Glibc
import Testing

extension EndToEnd {
    @Suite struct MetricsTests {
        @Test func aScrapeIsInTheFormatAskedFor() async throws {
            let relay = try await Relay.start()
            let url = "http://\(relay.metrics)/metrics"
            let plain = try await HTTP.get(url)
            #expect(plain.contentType == "text/plain; version=0.0.4; charset=utf-8")
            let openMetrics = try await HTTP.get(url, headers: ["Accept: application/openmetrics-text; version=1.0.0"])
            #expect(openMetrics.contentType == "application/openmetrics-text; version=1.0.0; charset=utf-8")
            #expect(openMetrics.body.hasSuffix("# EOF\n"))
            #expect(openMetrics.body.contains("\nmoltrelay_messages_created "))
            let protobuf =
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            let native = try await HTTP.get(url, headers: ["Accept: \(protobuf)"])
            #expect(native.contentType == protobuf)
            #expect(try await HTTP.get(url, headers: ["Accept: */*;q=0"]).status == 406)
            let scrape = try await relay.scrape()
            for format in ["text", "openmetrics", "protobuf"] {
                #expect(scrape.sum("moltrelay_scrape_answers_total", ["format": format]) == 1)
            }
        }

        @Test func theSameFiguresGoToStatsD() async throws {
            let receiver = try ChildProcess(
                Programs.python,
                [Programs.repository + "/Tests/Peers/udp_lines.py"],
                environment: ["PATH": Programs.path],
                mergingErrors: true
            )
            defer { receiver.send(SIGKILL) }
            let port = try #require(await receiver.line { _ in true })
            let relay = try await Relay.start([
                "metrics.statsd.enabled": true, "metrics.statsd.address": .string("127.0.0.1:\(port)"),
                "metrics.statsd.flavor": "dogstatsd", "metrics.statsd.prefix": "eu.",
                "metrics.statsd.flush_interval_ms": 3_600_000,
            ])
            let atOnce = "eu.moltrelay_connections_active:0|g|#relay_id:relay-under-test"
            #expect(await receiver.line { $0 == atOnce } != nil)
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            try await alice.tell("send", ["to": "bob", "count": 7])
            try await bob.tell("expect", ["count": 7])
            #expect(await relay.stop() == .exit(0))
            let told = "eu.moltrelay_messages_total:7|c|#relay_id:relay-under-test"
            #expect(await receiver.line { $0 == told } != nil, "what the last flush had not, the end has")
        }
    }
}
