/// The `Batch` of jaeger-idl's jaeger.thrift: what `POST /api/traces` takes as `application/x-thrift`. Field numbers
/// are that file's.
public struct JaegerBatch: Sendable {
    /// Reported with each batch, so that the collector knows what it never saw. Since the start of the process.
    public struct Losses: Sendable, Equatable {
        public var queueFull: UInt64 = 0
        public var tooLarge: UInt64 = 0
        public var failedToEmit: UInt64 = 0

        public init(queueFull: UInt64 = 0, tooLarge: UInt64 = 0, failedToEmit: UInt64 = 0) {
            self.queueFull = queueFull
            self.tooLarge = tooLarge
            self.failedToEmit = failedToEmit
        }
    }

    private let resource: TraceResource

    public init(resource: TraceResource) { self.resource = resource }

    public func encode(_ spans: [SpanRecord], sequence: Int64, losses: Losses) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendThrift(1) { process in
            process.appendThrift(1, text: resource.service)
            process.appendThrift(2, list: resource.fields) { $1.appendTag($0) }
        }
        bytes.appendThrift(2, list: spans) { Self.append($0, to: &$1) }
        bytes.appendThrift(3, i64: sequence)
        bytes.appendThrift(4) { stats in
            stats.appendThrift(1, i64: Int64(clamping: losses.queueFull))
            stats.appendThrift(2, i64: Int64(clamping: losses.tooLarge))
            stats.appendThrift(3, i64: Int64(clamping: losses.failedToEmit))
        }
        bytes.append(0)
        return bytes
    }

    private static func append(_ span: SpanRecord, to bytes: inout [UInt8]) {
        bytes.appendIDs(span.trace, first: 1)
        bytes.appendThrift(3, i64: Int64(bitPattern: span.span.bits))
        bytes.appendThrift(4, i64: Int64(bitPattern: span.parent?.bits ?? 0))
        bytes.appendThrift(5, text: span.name)
        if !span.links.isEmpty {
            bytes.appendThrift(6, list: span.links) { link, bytes in
                // FOLLOWS_FROM
                bytes.appendThrift(1, i32: 1)
                bytes.appendIDs(link.trace, first: 2)
                bytes.appendThrift(4, i64: Int64(bitPattern: link.span.bits))
            }
        }
        bytes.appendThrift(7, i32: 1)
        let start = span.start / 1_000
        bytes.appendThrift(8, i64: Int64(clamping: start))
        bytes.appendThrift(9, i64: Int64(clamping: max(span.end / 1_000, start) - start))
        bytes.appendThrift(10, list: span.fields + tags(of: span)) { $1.appendTag($0) }
        guard !span.events.isEmpty else { return }
        bytes.appendThrift(11, list: span.events) { event, bytes in
            bytes.appendThrift(1, i64: Int64(clamping: event.time / 1_000))
            bytes.appendThrift(2, list: [SpanField("message", event.name)] + event.fields) { $1.appendTag($0) }
        }
    }

    /// Kind and status by Jaeger's conventions.
    private static func tags(of span: SpanRecord) -> [SpanField] {
        var tags: [SpanField] = span.kind == .internal ? [] : [SpanField("span.kind", "\(span.kind)")]
        switch span.status {
        case .unset: break
        case .ok: tags.append(SpanField("otel.status_code", "OK"))
        case .error(let reason):
            tags.append(SpanField("error", .bool(true)))
            tags.append(SpanField("otel.status_code", "ERROR"))
            if !reason.isEmpty { tags.append(SpanField("otel.status_description", reason)) }
        }
        return tags
    }
}

extension [UInt8] {
    /// The low half of a trace's id, and the high one in the field after it.
    fileprivate mutating func appendIDs(_ trace: TraceID, first field: Int16) {
        appendThrift(field, i64: Int64(bitPattern: trace.low))
        appendThrift(field + 1, i64: Int64(bitPattern: trace.high))
    }

    fileprivate mutating func appendTag(_ field: SpanField) {
        appendThrift(1, text: field.key)
        switch field.value {
        case .string(let text):
            appendThrift(2, i32: 0)
            appendThrift(3, text: text)
        case .double(let number):
            appendThrift(2, i32: 1)
            appendThrift(4, double: number)
        case .bool(let truth):
            appendThrift(2, i32: 2)
            appendThrift(5, bool: truth)
        case .int(let number):
            appendThrift(2, i32: 3)
            appendThrift(6, i64: number)
        }
    }
}
