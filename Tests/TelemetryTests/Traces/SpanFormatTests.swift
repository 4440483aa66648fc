import Foundation
import Testing

@testable import Telemetry

/// Bodies as the official classes read them: Jaeger's Thrift, opentelemetry-proto.
@Suite struct SpanFormatTests {
    private struct Batch: Decodable {
        var service: String?
        var resource: [String: Field]
        var scope: [String]?
        var sequence: Int64?
        var losses: [Int64]?
        var spans: [Span]
    }

    private struct Span: Decodable {
        var trace, span, parent, name: String
        var kind, flags: Int?
        var start: Field
        var end: Field?
        var duration: Int64?
        var fields: [String: Field]
        var links: [String]
        var events: [Event]
        var status: [Field]?
    }

    private struct Event: Decodable {
        var time: Field
        var name: String?
        var fields: [String: Field]
    }

    private enum Field: Decodable, Equatable {
        case text(String), number(Double), truth(Bool)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let truth = try? container.decode(Bool.self) {
                self = .truth(truth)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else {
                self = .text(try container.decode(String.self))
            }
        }
    }

    private func read(_ format: String, _ body: [UInt8]) throws -> Batch {
        try JSONDecoder().decode(Batch.self, from: ExternalProgram.peer("spans_json.py", format, input: body))
    }

    private let fields: [String: Field] = [
        "text": .text("ä\"\n"), "count": .number(-3), "share": .number(0.5), "is_queued": .truth(true),
    ]
    private let trace = "f0e1d2c3b4a596878877665544332211"
    private let link = "000000000000000100000000000000020000000000000003"

    @Test func jaegersOwnClassesReadTheBatch() throws {
        let losses = JaegerBatch.Losses(queueFull: 1, tooLarge: 2, failedToEmit: 3)
        let body = JaegerBatch(resource: Spans.resource).encode([Spans.root, Spans.child], sequence: 9, losses: losses)
        let batch = try read("jaeger", body)
        #expect(batch.service == "moltrelay")
        #expect(batch.resource == ["host.name": .text("a"), "process.pid": .number(7)])
        #expect(batch.sequence == 9)
        #expect(batch.losses == [1, 2, 3])
        try #require(batch.spans.count == 2)
        let (root, child) = (batch.spans[0], batch.spans[1])
        #expect(root.trace == trace && root.span == "ffff000000000001" && root.parent == "0000000000000000")
        #expect(root.name == "message" && root.flags == 1 && root.links == [link])
        #expect(root.start == .number(1_700_000_000_123_456) && root.duration == 100_000)
        let tags: [String: Field] = [
            "span.kind": .text("server"), "error": .truth(true), "otel.status_code": .text("ERROR"),
            "otel.status_description": .text("disk full"),
        ]
        #expect(root.fields == fields.merging(tags) { $1 })
        #expect(root.events.map(\.fields) == [["message": .text("stored"), "batch": .number(4)]])
        #expect(child.parent == "ffff000000000001" && child.fields.isEmpty && child.events.isEmpty)
    }

    @Test(arguments: ["otlp-protobuf", "otlp-json"]) func openTelemetrysOwnClassesReadTheRequest(_ format: String)
        throws
    {
        let spans = [Spans.root, Spans.child]
        let body =
            format == "otlp-json"
            ? try OTLPJSON(resource: Spans.resource).encode(spans)
            : OTLPProtobuf(resource: Spans.resource).encode(spans)
        let batch = try read(format, body)
        let resource: [String: Field] = [
            "service.name": .text("moltrelay"), "host.name": .text("a"), "process.pid": .number(7),
        ]
        #expect(batch.resource == resource)
        #expect(batch.scope == ["relay", "0.1.0"])
        try #require(batch.spans.count == 2)
        let (root, child) = (batch.spans[0], batch.spans[1])
        #expect(root.trace == trace && root.span == "ffff000000000001" && root.parent.isEmpty)
        #expect(root.name == "message" && root.kind == 2 && root.links == [link])
        #expect(root.start == .text("1700000000123456789") && root.end == .text("1700000000223456789"))
        #expect(root.fields == fields)
        #expect(root.events.map(\.name) == ["stored"] && root.events[0].time == .text("1700000000150000000"))
        #expect(root.status == [.number(2), .text("disk full")])
        #expect(child.parent == "ffff000000000001" && child.kind == 1 && child.status == [.number(0), .text("")])
    }

    @Test func jsonHasNoNumberThatIsNotFinite() throws {
        var span = Spans.child
        span.fields = [SpanField("ratio", .double(.nan))]
        let batch = try read("otlp-json", OTLPJSON(resource: Spans.resource).encode([span]))
        #expect(batch.spans[0].fields == ["ratio": .text("nan")])
    }
}
