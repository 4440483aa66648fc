public import Instrumentation
public import Tracing

/// The back end of swift-distributed-tracing: spans of libraries, parent-based, the rest by ratio and rate. What ended
/// goes to the sink; a trace that is not kept costs a context and nothing else.
public final class RecordingTracer: Tracer {
    public typealias Span = RecordingSpan

    private let sampler: RatioSampler
    private let sink: @Sendable ([SpanRecord]) -> Void

    /// - Parameter sink: takes ended spans, on the thread that ended them; must not wait.
    public init(sampler: RatioSampler, sink: @escaping @Sendable ([SpanRecord]) -> Void) {
        self.sampler = sampler
        self.sink = sink
    }

    public func startSpan<Instant: TracerInstant>(
        _ operationName: String,
        context: @autoclosure () -> InstrumentationContext,
        ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant,
        function: String,
        file fileID: String,
        line: UInt
    ) -> RecordingSpan {
        var context = context()
        let parent = context.spanContext
        let trace = parent?.trace ?? .random()
        let own = SpanContext(
            trace: trace,
            span: .random(),
            isSampled: parent?.isSampled ?? sampler.samples(trace),
            state: parent?.state
        )
        context.spanContext = own
        let record = SpanRecord(
            trace: trace,
            span: own.span,
            parent: parent?.span,
            name: operationName,
            kind: SpanRecord.Kind(kind),
            start: instant().nanosecondsSinceEpoch,
            end: 0
        )
        return RecordingSpan(context: context, record: record, sink: own.isSampled ? sink : nil)
    }

    public func forceFlush() {}

    public func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext,
        into carrier: inout Carrier,
        using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let own = context.spanContext else { return }
        injector.inject(TraceHeaders.w3c(own), forKey: "traceparent", into: &carrier)
        if let state = own.state { injector.inject(state, forKey: "tracestate", into: &carrier) }
    }

    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier,
        into context: inout InstrumentationContext,
        using extractor: Extract
    ) where Extract.Carrier == Carrier {
        if let remote = TraceHeaders.context({ extractor.extract(key: $0, from: carrier) }) {
            context.spanContext = remote
        }
    }
}

extension SpanRecord.Kind {
    init(_ kind: SpanKind) {
        self =
            switch kind {
            case .server: .server
            case .client: .client
            case .producer: .producer
            case .consumer: .consumer
            case .internal: .internal
            }
    }
}

extension InstrumentationContext {
    private enum Key: InstrumentationContextKey {
        typealias Value = SpanContext
        static let nameOverride: String? = "span-context"
    }

    /// The span that work in this context belongs to.
    public var spanContext: SpanContext? {
        get { self[Key.self] }
        set { self[Key.self] = newValue }
    }
}
