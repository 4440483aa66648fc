/// What travels with a request: which trace it belongs to, whose child it is, and whether the trace is kept.
public struct SpanContext: Hashable, Sendable {
    public var trace: TraceID
    public var span: SpanID
    public var isSampled: Bool
    /// Vendors' part of W3C Trace Context, passed on unread; at most `maxStateBytes`.
    public var state: String?

    /// The length that W3C Trace Context asks everybody to pass on at least.
    public static let maxStateBytes = 512

    public init(trace: TraceID, span: SpanID, isSampled: Bool, state: String? = nil) {
        self.trace = trace
        self.span = span
        self.isSampled = isSampled
        self.state = state
    }
}
