/// Reads and writes a span context in the headers of a request: W3C Trace Context, Jaeger's own header, Zipkin's B3.
/// What is malformed counts as absent, as their specifications ask.
public enum TraceHeaders {
    /// The first that holds of `traceparent`, `uber-trace-id`, `b3` and `X-B3-*`.
    /// - Parameter header: the value of the header of that name (lower case), or nil.
    public static func context(_ header: (String) -> String?) -> SpanContext? {
        if let parent = header("traceparent").flatMap({ w3c($0) }) {
            var context = parent
            context.state = header("tracestate").flatMap { $0.utf8.count <= SpanContext.maxStateBytes ? $0 : nil }
            return context
        }
        if let context = header("uber-trace-id").flatMap({ jaeger($0) }) { return context }
        if let context = header("b3").flatMap({ b3($0) }) { return context }
        return b3(
            trace: header("x-b3-traceid"),
            span: header("x-b3-spanid"),
            sampled: header("x-b3-sampled"),
            flags: header("x-b3-flags")
        )
    }

    /// `traceparent` of a context: version 00.
    public static func w3c(_ context: SpanContext) -> String {
        "00-\(context.trace.hex)-\(context.span.hex)-\(context.isSampled ? "01" : "00")"
    }

    /// W3C Trace Context, section 3.2: lower case digits of fixed length; later versions may append fields.
    static func w3c(_ value: String) -> SpanContext? {
        let parts = value.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, value.utf8.count <= 512, let version = exact(parts[0], 2), version.low != 0xFF,
            parts.count == 4 || version.low != 0,
            exact(parts[1], 32) != nil, exact(parts[2], 16) != nil, let flags = exact(parts[3], 2)
        else { return nil }
        return context(TraceID(hex: parts[1]), SpanID(hex: parts[2]), isSampled: flags.low & 1 == 1)
    }

    /// `trace:span:parent:flags`, leading zeros perhaps left out, the colons perhaps percent-encoded.
    static func jaeger(_ value: String) -> SpanContext? {
        guard value.utf8.count <= 128 else { return nil }
        let parts = value.replacing("%3A", with: ":").replacing("%3a", with: ":")
            .split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 4, HexDigits(parts[2], atMost: 16) != nil, let flags = HexDigits(parts[3], atMost: 2)
        else {
            return nil
        }
        return context(TraceID(hex: parts[0]), SpanID(hex: parts[1]), isSampled: flags.low & 1 == 1)
    }

    /// `trace-span-sampled-parent`, the last two optional; sampled 0, 1 or d.
    static func b3(_ value: String) -> SpanContext? {
        let parts = value.split(separator: "-", omittingEmptySubsequences: false)
        guard (2...4).contains(parts.count) else { return nil }
        let sampled = parts.count > 2 ? String(parts[2]) : nil
        guard sampled == nil || ["0", "1", "d"].contains(sampled) else { return nil }
        return b3(trace: String(parts[0]), span: String(parts[1]), sampled: sampled, flags: nil)
    }

    private static func b3(trace: String?, span: String?, sampled: String?, flags: String?) -> SpanContext? {
        guard let trace, let span, [16, 32].contains(trace.utf8.count), span.utf8.count == 16 else { return nil }
        let isSampled = flags == "1" || sampled == "1" || sampled == "d" || sampled == "true"
        return context(TraceID(hex: trace[...]), SpanID(hex: span[...]), isSampled: isSampled)
    }

    private static func context(_ trace: TraceID?, _ span: SpanID?, isSampled: Bool) -> SpanContext? {
        guard let trace, let span, trace.isValid, span.isValid else { return nil }
        return SpanContext(trace: trace, span: span, isSampled: isSampled)
    }

    private static func exact(_ text: Substring, _ count: Int) -> HexDigits? {
        guard text.utf8.count == count, !text.utf8.contains(where: { (0x41...0x46).contains($0) }) else { return nil }
        return HexDigits(text, atMost: count)
    }
}
