import NIOCore
import NIOHTTP1
import Synchronization
public import Telemetry

/// Makes a span of each request whose trace is kept: as its sender decided, where it sent a context, else by ratio.
public final class RequestTracing: Sendable {
    /// Whoever reaches the listener may ask for a trace of every request.
    static let spansPerSecond = 50.0
    /// Of what a client sent.
    static let maxCharacters = 256

    /// Nanoseconds, since 1970 and of a clock that does not step.
    struct Moment: Sendable {
        var wallClock: UInt64
        var monotonic: UInt64

        static func now() -> Moment {
            Moment(
                wallClock: UInt64(max(0, WallClock.unixNanoseconds())),
                monotonic: NIODeadline.now().uptimeNanoseconds
            )
        }
    }

    private let sampler: RatioSampler
    private let sink: @Sendable ([SpanRecord]) -> Void
    private let now: @Sendable () -> Moment
    private let rate = Mutex(RateLimit(perSecond: spansPerSecond))
    private let overRate = Atomic<UInt64>(0)

    /// Spans not made because more than `spansPerSecond` were asked for.
    public var spansOverRate: UInt64 { overRate.load(ordering: .relaxed) }

    /// - Parameter sink: takes each span, on the admin event loop; must not wait.
    public convenience init(sampler: RatioSampler, sink: @escaping @Sendable ([SpanRecord]) -> Void) {
        self.init(sampler: sampler, sink: sink, now: { Moment.now() })
    }

    init(
        sampler: RatioSampler,
        sink: @escaping @Sendable ([SpanRecord]) -> Void,
        now: @escaping @Sendable () -> Moment
    ) {
        self.sampler = sampler
        self.sink = sink
        self.now = now
    }

    /// A request under way.
    struct Span: Sendable {
        let trace: TraceID
        let parent: SpanID?
        let id = SpanID.random()
        let start: Moment
        let name: String
        let fields: [SpanField]

        var context: SpanContext { SpanContext(trace: trace, span: id, isSampled: true) }
    }

    /// - Parameter route: the path that answers; nil where none does.
    /// - Returns: nil where the trace is not kept.
    func begin(_ request: AdminRequest, route: String?) -> Span? {
        guard let (trace, parent) = context(of: request) else { return nil }
        let start = now()
        guard rate.withLock({ $0.take(at: start.monotonic) }) else {
            overRate.add(1, ordering: .relaxed)
            return nil
        }
        let name = [request.method.known, route].compactMap { $0 }.joined(separator: " ")
        return Span(trace: trace, parent: parent, start: start, name: name, fields: Self.fields(request, route))
    }

    func end(_ span: Span, _ response: AdminResponse) {
        let end = now()
        let elapsed = end.monotonic - min(end.monotonic, span.start.monotonic)
        let record = SpanRecord(
            trace: span.trace,
            span: span.id,
            parent: span.parent,
            name: span.name,
            kind: .server,
            start: span.start.wallClock,
            end: span.start.wallClock + elapsed,
            fields: span.fields + Self.fields(response),
            // 4xx is the client's error, not the server's.
            status: response.status.code >= 500 ? .error(response.status.reasonPhrase) : .unset
        )
        sink([record])
    }

    /// nil where the trace is not kept.
    private func context(of request: AdminRequest) -> (TraceID, SpanID?)? {
        if let parent = TraceHeaders.context({ request.single($0) }) {
            return parent.isSampled ? (parent.trace, parent.span) : nil
        }
        let trace = TraceID.random()
        return sampler.samples(trace) ? (trace, nil) : nil
    }

    /// By OpenTelemetry's semantic conventions for HTTP servers.
    private static func fields(_ request: AdminRequest, _ route: String?) -> [SpanField] {
        var fields = [
            SpanField("http.request.method", request.method.known),
            SpanField("url.scheme", "http"),
            SpanField("url.path", String(request.path.prefix(maxCharacters))),
        ]
        if let route { fields.append(SpanField("http.route", route)) }
        if let agent = request.headers.first(name: "user-agent") {
            fields.append(SpanField("user_agent.original", String(agent.prefix(maxCharacters))))
        }
        return fields
    }

    private static func fields(_ response: AdminResponse) -> [SpanField] {
        let fields = [
            SpanField("http.response.status_code", response.status.code),
            SpanField("http.response.body.size", response.body.count),
        ]
        guard response.status.code >= 500 else { return fields }
        return fields + [SpanField("error.type", "\(response.status.code)")]
    }
}

extension AdminRequest {
    /// A header that came twice says nothing, but `tracestate`, which may come in parts.
    fileprivate func single(_ name: String) -> String? {
        let values = headers[name]
        guard name != "tracestate" else { return values.isEmpty ? nil : values.joined(separator: ",") }
        return values.count == 1 ? values[0] : nil
    }
}

extension HTTPMethod {
    /// A name of a client's invention must not name spans.
    fileprivate var known: String {
        let known: [HTTPMethod] = [.GET, .HEAD, .POST, .PUT, .DELETE, .CONNECT, .OPTIONS, .TRACE, .PATCH]
        return known.contains(self) ? rawValue : "_OTHER"
    }
}
