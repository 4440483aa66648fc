import Instrumentation
public import Logging

extension Logger.MetadataProvider {
    /// `trace_id` and `span_id` of the span that a line is written in.
    public static let tracing = Logger.MetadataProvider {
        guard let span = InstrumentationContext.current?.spanContext else { return [:] }
        return ["trace_id": "\(span.trace.hex)", "span_id": "\(span.span.hex)"]
    }
}
