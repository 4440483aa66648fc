import Testing

@testable import Telemetry

@Suite struct TraceHeadersTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let span = "00f067aa0ba902b7"
    private static let context = SpanContext(
        trace: TraceID(high: 0x4BF9_2F35_77B3_4DA6, low: 0xA3CE_929D_0E0E_4736),
        span: SpanID(0x00F0_67AA_0BA9_02B7),
        isSampled: true
    )

    private func context(_ headers: [String: String]) -> SpanContext? { TraceHeaders.context { headers[$0] } }

    @Test(arguments: [
        ["traceparent": "00-\(trace)-\(span)-01"],
        ["traceparent": "00-\(trace)-\(span)-03"],
        // A later version may say more.
        ["traceparent": "cc-\(trace)-\(span)-01-what-the-future-holds"],
        ["uber-trace-id": "\(trace):f067aa0ba902b7:0:1"],
        ["uber-trace-id": "\(trace)%3Af067aa0ba902b7%3a0%3A3"],
        ["b3": "\(trace)-\(span)-1-05e3ac9a4f6e3b90"],
        ["b3": "\(trace)-\(span)-d"],
        ["x-b3-traceid": trace, "x-b3-spanid": span, "x-b3-sampled": "1"],
        ["x-b3-traceid": trace, "x-b3-spanid": span, "x-b3-flags": "1"],
        // What is malformed counts as absent.
        ["traceparent": "00-nonsense-01", "uber-trace-id": "\(trace):f067aa0ba902b7:0:1"],
    ])
    func readsEveryForm(_ headers: [String: String]) { #expect(context(headers) == Self.context) }

    @Test(arguments: [
        ["traceparent": "00-\(trace)-\(span)-00"],
        ["uber-trace-id": "\(trace):f067aa0ba902b7:0:0"],
        ["b3": "\(trace)-\(span)-0"],
        ["b3": "\(trace)-\(span)"],
        ["x-b3-traceid": trace, "x-b3-spanid": span],
    ])
    func readsThatATraceIsNotKept(_ headers: [String: String]) throws {
        var expected = Self.context
        expected.isSampled = false
        #expect(context(headers) == expected)
    }

    @Test(arguments: [
        [:],
        ["traceparent": "ff-\(trace)-\(span)-01"],
        ["traceparent": "00-\(trace)-\(span)-01-more"],
        ["traceparent": "00-\(trace)-\(span)"],
        ["traceparent": "00-\(String(repeating: "0", count: 32))-\(span)-01"],
        ["traceparent": "00-\(trace)-\(String(repeating: "0", count: 16))-01"],
        ["traceparent": "00-\(trace.uppercased())-\(span)-01"],
        ["traceparent": "00-\(trace)0-\(span)-01"],
        ["uber-trace-id": "\(trace):f067aa0ba902b7:0"],
        ["uber-trace-id": "0:f067aa0ba902b7:0:1"],
        ["uber-trace-id": "\(trace)0:f067aa0ba902b7:0:1"],
        ["b3": "0"],
        ["b3": "\(trace)-\(span)-x"],
        ["b3": "abc-\(span)-1"],
        ["x-b3-traceid": trace, "x-b3-sampled": "1"],
        ["traceparent": String(repeating: "0", count: 100_000)],
    ])
    func refusesWhatIsNone(_ headers: [String: String]) { #expect(context(headers) == nil) }

    @Test func writesWhatItReads() throws {
        #expect(TraceHeaders.w3c(Self.context) == "00-\(Self.trace)-\(Self.span)-01")
        var other = SpanContext(trace: .random(), span: .random(), isSampled: false)
        #expect(context(["traceparent": TraceHeaders.w3c(other)]) == other)
        other.isSampled = true
        #expect(context(["traceparent": TraceHeaders.w3c(other)]) == other)
    }

    @Test func passesVendorsStateOnWithinItsBound() {
        let parent = "00-\(Self.trace)-\(Self.span)-01"
        #expect(context(["traceparent": parent, "tracestate": "a=1,b=2"])?.state == "a=1,b=2")
        let long = String(repeating: "a", count: SpanContext.maxStateBytes + 1)
        #expect(context(["traceparent": parent, "tracestate": long]) == Self.context)
    }
}
