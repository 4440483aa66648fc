import Instrumentation
public import Logging

extension Logger.MetadataProvider {
    /// `trace_id` and `span_id` of the span that a line is written in.
    public static let tracing = Logger.MetadataProvider {
        guard let span = InstrumentationContext.current?.spanContext else { return [:] }
        return ["trace_id": "\(span.trace.hex)", "span_id": "\(span.span.hex)"]
    }
}

extension SpanContext {
    /// The span that log lines and libraries' spans belong to, while `body` runs.
    public func whileCurrent<Result>(_ body: () throws -> Result) rethrows -> Result {
        var context = InstrumentationContext.current ?? .topLevel
        context.spanContext = self
        return try InstrumentationContext.withValue(context, operation: body)
    }
}
