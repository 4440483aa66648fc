/// `ExportTraceServiceRequest` of opentelemetry-proto as protobuf: what `POST /v1/traces` takes as
/// `application/x-protobuf`. Field numbers are those of trace.proto, common.proto and resource.proto.
public struct OTLPProtobuf: Sendable {
    private let resource: TraceResource

    public init(resource: TraceResource) { self.resource = resource }

    public func encode(_ spans: [SpanRecord]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendField(1) { group in
            group.appendField(1) { $0.appendFields(resource.allFields, number: 1) }
            group.appendField(2) { scope in
                scope.appendField(1) { name in
                    name.appendField(1, text: resource.scope)
                    name.appendField(2, text: resource.version)
                }
                for span in spans { scope.appendField(2) { Self.append(span, to: &$0) } }
            }
        }
        return bytes
    }

    private static func append(_ span: SpanRecord, to bytes: inout [UInt8]) {
        bytes.appendField(1, bigEndian: span.trace.high, span.trace.low)
        bytes.appendField(2, bigEndian: span.span.bits)
        if let parent = span.parent { bytes.appendField(4, bigEndian: parent.bits) }
        bytes.appendField(5, text: span.name)
        bytes.appendField(6, varint: UInt64(span.kind.rawValue))
        bytes.appendField(7, fixed64: span.start)
        bytes.appendField(8, fixed64: span.end)
        bytes.appendFields(span.fields, number: 9)
        for event in span.events {
            bytes.appendField(11) { bytes in
                bytes.appendField(1, fixed64: event.time)
                bytes.appendField(2, text: event.name)
                bytes.appendFields(event.fields, number: 3)
            }
        }
        for link in span.links {
            bytes.appendField(13) { bytes in
                bytes.appendField(1, bigEndian: link.trace.high, link.trace.low)
                bytes.appendField(2, bigEndian: link.span.bits)
            }
        }
        switch span.status {
        case .unset: break
        case .ok: bytes.appendField(15) { $0.appendField(3, varint: 1) }
        case .error(let reason):
            bytes.appendField(15) { status in
                status.appendField(2, text: reason)
                status.appendField(3, varint: 2)
            }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func appendField(_ number: UInt64, fixed64 value: UInt64) {
        appendField(number, double: Double(bitPattern: value))
    }

    fileprivate mutating func appendField(_ number: UInt64, bigEndian words: UInt64...) {
        appendField(number) { bytes in
            for word in words { Swift.withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) } }
        }
    }

    fileprivate mutating func appendFields(_ fields: [SpanField], number: UInt64) {
        for field in fields {
            appendField(number) { pair in
                pair.appendField(1, text: field.key)
                pair.appendField(2) { value in
                    switch field.value {
                    case .string(let text): value.appendField(1, text: text)
                    case .bool(let truth): value.appendField(2, varint: truth ? 1 : 0)
                    case .int(let number): value.appendField(3, varint: UInt64(bitPattern: number))
                    case .double(let number): value.appendField(4, double: number)
                    }
                }
            }
        }
    }
}
