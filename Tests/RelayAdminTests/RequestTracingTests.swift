import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Telemetry
import Testing

@testable import RelayAdmin

private final class Recorder: Sendable {
    private let recorded = Mutex<[SpanRecord]>([])
    private let ticks = Atomic<UInt64>(0)

    var spans: [SpanRecord] { recorded.withLock { $0 } }

    func record(_ spans: [SpanRecord]) { recorded.withLock { $0 += spans } }

    /// 5 ns pass from one question for the time to the next; the wall clock goes backwards.
    func tick() -> RequestTracing.Moment {
        let tick = ticks.add(5, ordering: .relaxed).newValue
        return RequestTracing.Moment(wallClock: 1_000_000 - tick, monotonic: tick)
    }
}

@Suite struct RequestTracingTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "00f067aa0ba902b7"

    private func tracing(ratio: Double, into recorder: Recorder) -> RequestTracing {
        RequestTracing(sampler: RatioSampler(ratio: ratio), sink: { recorder.record($0) }, now: { recorder.tick() })
    }

    private func spans(
        ratio: Double = 0,
        _ path: String = "/metrics",
        _ arguments: [String] = [],
        header: String? = nil
    ) async throws -> [SpanRecord] {
        let recorder = Recorder()
        let routes: [String: AdminRoute] = [
            "/metrics": .fixed("all"), "/ill": AdminRoute { _ in .text(.serviceUnavailable, "no") },
        ]
        try await withServer(routes, tracing: tracing(ratio: ratio, into: recorder)) { (port: Int) throws in
            let headers = header.map { ["-H", $0] } ?? []
            _ = try Curl.get("http://127.0.0.1:\(port)\(path)", arguments + headers)
        }
        return recorder.spans
    }

    @Test(arguments: [
        "traceparent: 00-\(trace)-\(parent)-01", "uber-trace-id: \(trace):\(parent):0:1",
        "uber-trace-id: \(trace)%3A\(parent)%3A0%3A3", "b3: \(trace)-\(parent)-1", "B3: \(trace)-\(parent)-d",
    ])
    func `a request goes on with its sender's trace`(header: String) async throws {
        let span = try #require(try await spans("/metrics?verbose", ["-A", "me"], header: header).first)
        #expect(span.trace.hex == Self.trace)
        #expect(span.parent?.hex == Self.parent)
        #expect(span.span != span.parent)
        #expect(span.name == "GET /metrics")
        #expect(span.kind == .server)
        #expect(span.start == 1_000_000 - 5)
        #expect(span.end == span.start + 5)
        #expect(span.status == .unset)
        #expect(
            span.fields == [
                SpanField("http.request.method", "GET"), SpanField("url.scheme", "http"),
                SpanField("url.path", "/metrics"), SpanField("http.route", "/metrics"),
                SpanField("user_agent.original", "me"), SpanField("http.response.status_code", 200),
                SpanField("http.response.body.size", 4),
            ]
        )
    }

    @Test func `X-B3 headers come apart`() async throws {
        let parts = ["-H", "X-B3-TraceId: \(Self.trace)", "-H", "X-B3-SpanId: \(Self.parent)", "-H", "X-B3-Sampled: 1"]
        #expect(try await spans("/metrics", parts).first?.trace.hex == Self.trace)
    }

    @Test(arguments: [
        "traceparent: 00-\(trace)-\(parent)-00", "uber-trace-id: \(trace):\(parent):0:0", "b3: \(trace)-\(parent)-0",
    ])
    func `what the sender does not keep is not kept here`(header: String) async throws {
        #expect(try await spans(ratio: 1, header: header) == [])
    }

    @Test(arguments: ["traceparent: 00-\(trace)-0000000000000000-01", "traceparent: yes", "b3: 1", "accept: */*"])
    func `without a sender's word the ratio decides`(header: String) async throws {
        #expect(try await spans(ratio: 0, header: header) == [])
        let span = try #require(try await spans(ratio: 1, header: header).first)
        #expect(span.parent == nil)
        #expect(span.trace.hex != Self.trace)
    }

    @Test func `a context that came twice is none`() async throws {
        let other = ["-H", "traceparent: 00-\(String(Self.trace.reversed()))-\(Self.parent)-01"]
        #expect(try await spans("/metrics", other, header: "traceparent: 00-\(Self.trace)-\(Self.parent)-01") == [])
    }

    @Test func `a path that is not there names no span, and its length is bounded`() async throws {
        let span = try #require(try await spans(ratio: 1, "/" + String(repeating: "x", count: 4_000)).first)
        #expect(span.name == "GET")
        #expect(span.status == .unset)
        #expect(span.byteCount < 1_500)
    }

    @Test func `an answer of 5xx is an error, the probe's too`() async throws {
        let span = try #require(try await spans(ratio: 1, "/ill").first)
        #expect(span.status == .error("Service Unavailable"))
        #expect(span.fields.contains(SpanField("error.type", "503")))
        #expect(span.fields.contains(SpanField("http.response.status_code", 503)))
    }

    @Test func `a method of the client's invention is not repeated`() async throws {
        #expect(try await spans(ratio: 1, "/metrics", ["-X", "PURGE"]).first?.name == "_OTHER /metrics")
    }

    /// A stranger asks for everything.
    @Test func `spans have a rate, and what is over it is counted and answered`() throws {
        let recorder = Recorder()
        let tracing = tracing(ratio: 1, into: recorder)
        let most = Int(RequestTracing.spansPerSecond)
        let routes: [String: AdminRoute] = ["/metrics": .fixed("all")]
        let router = AdminRouter(routes, tracing: tracing)
        let request = AdminRequest(.init(version: .http1_1, method: .GET, uri: "/metrics"), body: .init(), peer: nil)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        for _ in 0..<most + 3 {
            #expect(try router.respond(to: request, on: loop).wait().status == .ok)
        }
        #expect(recorder.spans.count == most)
        #expect(tracing.spansOverRate == 3)
    }

    @Test func `what answers below a path is named by the path`() async throws {
        let recorder = Recorder()
        let routes: [String: AdminRoute] = ["/v1/messages/": .fixed("one")]
        let tracing = tracing(ratio: 1, into: recorder)
        try await withServer(routes, tracing: tracing) { (port: Int) throws in
            _ = try Curl.get("http://127.0.0.1:\(port)/v1/messages/4711")
        }
        #expect(recorder.spans.map(\.name) == ["GET /v1/messages/"])
        #expect(recorder.spans.first?.fields.contains(SpanField("url.path", "/v1/messages/4711")) == true)
    }
}
