import Instrumentation
import Logging
import Synchronization
import Testing
import Tracing

@testable import Telemetry

@Suite struct RecordingTracerTests {
    private final class Ended: Sendable {
        private let records = Mutex<[SpanRecord]>([])
        var all: [SpanRecord] { records.withLock { $0 } }
        func take(_ more: [SpanRecord]) { records.withLock { $0 += more } }
    }

    private struct Oops: Error {}

    private struct Headers: Extractor, Injector {
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    }

    @Test func aLibrarysSpansAreOneTrace() throws {
        let ended = Ended()
        let tracer = RecordingTracer(sampler: RatioSampler(ratio: 1)) { ended.take($0) }
        try? tracer.withSpan("outer", ofKind: .server) { outer in
            outer.attributes["path"] = "/x"
            try tracer.withSpan("inner") { inner in
                inner.addEvent("half way")
                inner.addLink(SpanLink(context: outer.context, attributes: [:]))
                throw Oops()
            }
        }
        try #require(ended.all.map(\.name) == ["inner", "outer"])
        let (inner, outer) = (ended.all[0], ended.all[1])
        #expect(inner.trace == outer.trace && inner.parent == outer.span && outer.parent == nil)
        #expect(outer.kind == .server && outer.fields == [SpanField("path", "/x")])
        #expect(inner.events.map(\.name) == ["half way", "exception"])
        #expect(inner.links == [SpanRecord.Link(trace: outer.trace, span: outer.span)])
        #expect(inner.start >= outer.start && inner.end <= outer.end && inner.end >= inner.start)
    }

    @Test func followsItsParentAndNotItsRatio() {
        let ended = Ended()
        let (none, all) = (RatioSampler(ratio: 0), RatioSampler(ratio: 1))
        for (sampler, isSampled) in [(none, true), (all, false)] {
            var context = InstrumentationContext.topLevel
            context.spanContext = SpanContext(trace: .random(), span: .random(), isSampled: isSampled)
            RecordingTracer(sampler: sampler) { ended.take($0) }.startSpan("\(isSampled)", context: context).end()
        }
        #expect(ended.all.map(\.name) == ["true"])
    }

    @Test func aTraceThatIsNotKeptGoesOnAllTheSame() throws {
        let tracer = RecordingTracer(sampler: RatioSampler(ratio: 0)) { _ in Issue.record("kept") }
        let span = tracer.startSpan("away")
        #expect(!span.isRecording)
        var headers: [String: String] = [:]
        tracer.inject(span.context, into: &headers, using: Headers())
        var received = InstrumentationContext.topLevel
        tracer.extract(headers, into: &received, using: Headers())
        #expect(received.spanContext == span.context.spanContext)
        #expect(try #require(headers["traceparent"]).hasSuffix("-00"))
        span.end()
    }

    @Test func endsOnceAndWithinBounds() throws {
        let ended = Ended()
        let span = RecordingTracer(sampler: RatioSampler(ratio: 1)) { ended.take($0) }.startSpan("busy")
        for index in 0..<100 {
            span.addEvent("event")
            span.attributes["key\(index)"] = index
        }
        span.end()
        span.end()
        #expect(!span.isRecording)
        try #require(ended.all.count == 1)
        #expect(ended.all[0].events.count == RecordingSpan.maxEvents)
        #expect(ended.all[0].fields.last == SpanField("left_out", 36 + 36))
    }

    @Test func linesInsideASpanNameIt() {
        let tracer = RecordingTracer(sampler: RatioSampler(ratio: 1)) { _ in }
        #expect(Logger.MetadataProvider.tracing.get().isEmpty)
        tracer.withSpan("work") { span in
            let own = span.context.spanContext
            #expect(Logger.MetadataProvider.tracing.get()["trace_id"] == own.map { "\($0.trace.hex)" })
            #expect(Logger.MetadataProvider.tracing.get()["span_id"] == own.map { "\($0.span.hex)" })
        }
    }
}
