import FoundationEssentials

/// `ExportTraceServiceRequest` in OTLP's own JSON: lower camel case, ids in hexadecimal, 64-bit numbers as strings,
/// enumerations as numbers (opentelemetry-proto, "JSON Protobuf Encoding").
public struct OTLPJSON: Sendable {
    private let resource: TraceResource

    public init(resource: TraceResource) { self.resource = resource }

    public func encode(_ spans: [SpanRecord]) throws -> [UInt8] {
        let scope = ScopeSpans(
            scope: Scope(name: resource.scope, version: resource.version),
            spans: spans.map(Span.init)
        )
        let group = ResourceSpans(
            resource: Resource(attributes: resource.allFields.map(Pair.init)),
            scopeSpans: [scope]
        )
        return [UInt8](try JSONEncoder().encode(Request(resourceSpans: [group])))
    }

    private struct Request: Encodable { var resourceSpans: [ResourceSpans] }

    private struct ResourceSpans: Encodable {
        var resource: Resource
        var scopeSpans: [ScopeSpans]
    }

    private struct Resource: Encodable { var attributes: [Pair] }

    private struct ScopeSpans: Encodable {
        var scope: Scope
        var spans: [Span]
    }

    private struct Scope: Encodable {
        var name: String
        var version: String
    }

    private struct Span: Encodable {
        var traceId: String
        var spanId: String
        var parentSpanId: String?
        var name: String
        var kind: UInt8
        var startTimeUnixNano: String
        var endTimeUnixNano: String
        var attributes: [Pair]
        var events: [Event]
        var links: [Link]
        var status: Status

        init(_ span: SpanRecord) {
            traceId = span.trace.hex
            spanId = span.span.hex
            parentSpanId = span.parent?.hex
            name = span.name
            kind = span.kind.rawValue
            startTimeUnixNano = "\(span.start)"
            endTimeUnixNano = "\(span.end)"
            attributes = span.fields.map(Pair.init)
            events = span.events.map {
                Event(timeUnixNano: "\($0.time)", name: $0.name, attributes: $0.fields.map(Pair.init))
            }
            links = span.links.map { Link(traceId: $0.trace.hex, spanId: $0.span.hex) }
            status =
                switch span.status {
                case .unset: Status()
                case .ok: Status(code: 1)
                case .error(let reason): Status(code: 2, message: reason)
                }
        }
    }

    private struct Event: Encodable {
        var timeUnixNano: String
        var name: String
        var attributes: [Pair]
    }

    private struct Link: Encodable {
        var traceId: String
        var spanId: String
    }

    private struct Status: Encodable {
        var code: Int?
        var message: String?
    }

    private struct Pair: Encodable {
        var key: String
        var value: Value

        init(_ field: SpanField) {
            key = field.key
            value =
                switch field.value {
                case .string(let text): Value(stringValue: text)
                case .bool(let truth): Value(boolValue: truth)
                case .int(let number): Value(intValue: "\(number)")
                case .double(let number) where number.isFinite: Value(doubleValue: number)
                // JSON has no such number.
                case .double(let number): Value(stringValue: "\(number)")
                }
        }
    }

    private struct Value: Encodable {
        var stringValue: String?
        var boolValue: Bool?
        var intValue: String?
        var doubleValue: Double?
    }
}
