import Testing

extension EndToEnd {
    /// Requests to the HTTP and metrics listeners join their senders' traces.
    @Suite struct RequestTraceTests {
        private static let trace = "0af7651916cd43dd8448eb211c80319c"
        private static let parent = "b7ad6b7169203331"

        @Test(arguments: [
            "traceparent: 00-\(trace)-\(parent)-01", "uber-trace-id: \(trace):\(parent):0:1",
            "b3: \(trace)-\(parent)-1",
        ])
        func aRequestGoesOnWithItsSendersTrace(header: String) async throws {
            let collector = try await TraceCollector()
            let relay = try await Relay.start(collector.jaeger())
            // Nobody asks for these to be traced.
            _ = try await relay.scrape()
            _ = try await relay.probe("/health/ready", until: 200)
            _ = try await HTTP.get("http://\(relay.metrics)/metrics", headers: [header])
            let scrape = try await collector.span("GET /metrics")
            #expect(scrape.trace == Self.trace)
            #expect(scrape.parent == Self.parent)
            #expect(scrape.json["fields"]["http.response.status_code"] == 200)
            #expect(scrape.field("url.path") == "/metrics")

            _ = try await HTTP.get("http://\(relay.http)/nowhere?to=be", headers: [header])
            let nowhere = try await collector.span("GET")
            #expect(nowhere.json["fields"]["http.response.status_code"] == 404)
            #expect(nowhere.field("url.path") == "/nowhere")
            #expect(collector.spans.count == 2, "\(collector.spans.map(\.name))")
        }

        @Test func whatIsLoggedMeanwhileHasItsTrace() async throws {
            let collector = try await TraceCollector()
            let relay = try await Relay.start(collector.jaeger())
            let order = #"{"level":"debug","for_seconds":600}"#
            _ = try await Programs.run(
                "curl",
                [
                    "--silent", "--unix-socket", relay.folder.path + "/admin.sock", "--data", order,
                    "--header", "traceparent: 00-\(Self.trace)-\(Self.parent)-01", "http://relay/v1/log-level",
                ]
            )
            let line = try await relay.logged("log level set by hand")
            #expect(line["trace_id"].string == Self.trace)
            let span = try await collector.span("POST /v1/log-level")
            #expect(span.trace == Self.trace)
            #expect(line["span_id"].string == span.span)
            #expect(try await relay.command("log-level", "reset").ending == .exit(0))
            #expect(try await relay.logged("log level reset by hand")["trace_id"] == .null)
        }
    }
}
