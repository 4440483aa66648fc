import Telemetry

/// Two spans with everything a span can have.
enum Spans {
    static let trace = TraceID(high: 0xF0E1_D2C3_B4A5_9687, low: 0x8877_6655_4433_2211)
    static let resource = TraceResource(
        service: "moltrelay",
        fields: [SpanField("host.name", "a"), SpanField("process.pid", 7)],
        scope: "relay",
        version: "0.1.0"
    )
    static let root = SpanRecord(
        trace: trace,
        span: SpanID(0xFFFF_0000_0000_0001),
        parent: nil,
        name: "message",
        kind: .server,
        start: 1_700_000_000_123_456_789,
        end: 1_700_000_000_223_456_789,
        fields: [
            SpanField("text", "ä\"\n"), SpanField("count", -3), SpanField("share", .double(0.5)),
            SpanField("is_queued", .bool(true)),
        ],
        status: .error("disk full"),
        events: [
            SpanRecord.Event(name: "stored", time: 1_700_000_000_150_000_000, fields: [SpanField("batch", 4)])
        ],
        links: [SpanRecord.Link(trace: TraceID(high: 1, low: 2), span: SpanID(3))]
    )
    static let child = SpanRecord(
        trace: trace,
        span: SpanID(2),
        parent: root.span,
        name: "store",
        start: 1_700_000_000_124_000_000,
        end: 1_700_000_000_125_000_000
    )
}
