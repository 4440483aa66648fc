public import Instrumentation
import Synchronization
public import Tracing

/// A span of swift-distributed-tracing under way. Bounded: what is beyond the bounds is left out, and how much of it is
/// said in a field of its own.
public final class RecordingSpan: Tracing.Span {
    static let maxFields = 64
    static let maxEvents = 64
    static let maxLinks = 16

    private struct State {
        var record: SpanRecord
        var attributes = SpanAttributes()
        var leftOut = 0
        var hasEnded = false
    }

    public let context: InstrumentationContext
    private let sink: (@Sendable ([SpanRecord]) -> Void)?
    private let state: Mutex<State>

    init(context: InstrumentationContext, record: SpanRecord, sink: (@Sendable ([SpanRecord]) -> Void)?) {
        self.context = context
        self.sink = sink
        state = Mutex(State(record: record))
    }

    public var isRecording: Bool { sink != nil && state.withLock { !$0.hasEnded } }

    public var operationName: String {
        get { state.withLock { $0.record.name } }
        set { state.withLock { $0.record.name = newValue } }
    }

    public var attributes: SpanAttributes {
        get { state.withLock { $0.attributes } }
        set { if sink != nil { state.withLock { $0.attributes = newValue } } }
    }

    public func setStatus(_ status: SpanStatus) {
        state.withLock { $0.record.status = status.code == .ok ? .ok : .error(status.message ?? "") }
    }

    public func addEvent(_ event: SpanEvent) {
        guard sink != nil else { return }
        state.withLock { state in
            guard state.record.events.count < Self.maxEvents else { return state.leftOut += 1 }
            let fields = event.attributes.fields(atMost: Self.maxFields)
            state.record.events.append(
                SpanRecord.Event(name: event.name, time: event.nanosecondsSinceEpoch, fields: fields.kept)
            )
            state.leftOut += fields.leftOut
        }
    }

    public func recordError<Instant: TracerInstant>(
        _ error: any Error,
        attributes: SpanAttributes,
        at instant: @autoclosure () -> Instant
    ) {
        var all = attributes
        all["exception.type"] = String(reflecting: type(of: error))
        all["exception.message"] = "\(error)"
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: all))
    }

    public func addLink(_ link: SpanLink) {
        guard sink != nil, let other = link.context.spanContext else { return }
        state.withLock { state in
            guard state.record.links.count < Self.maxLinks else { return state.leftOut += 1 }
            state.record.links.append(SpanRecord.Link(trace: other.trace, span: other.span))
        }
    }

    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard let sink else { return }
        let end = instant().nanosecondsSinceEpoch
        let ended: SpanRecord? = state.withLock { state in
            guard !state.hasEnded else { return nil }
            state.hasEnded = true
            let fields = state.attributes.fields(atMost: Self.maxFields)
            state.record.end = max(end, state.record.start)
            state.record.fields = fields.kept
            let leftOut = state.leftOut + fields.leftOut
            if leftOut > 0 { state.record.fields.append(SpanField("left_out", leftOut)) }
            return state.record
        }
        if let ended { sink([ended]) }
    }
}

extension SpanAttributes {
    fileprivate func fields(atMost limit: Int) -> (kept: [SpanField], leftOut: Int) {
        var fields: [SpanField] = []
        forEach { key, value in fields.append(SpanField(key, SpanField.Value(value))) }
        fields.sort { $0.key < $1.key }
        return (Array(fields.prefix(limit)), max(0, fields.count - limit))
    }
}

extension SpanField.Value {
    /// A text longer than this is cut.
    private static let maxText = 4_096

    fileprivate init(_ attribute: SpanAttribute) {
        switch attribute {
        case .int32(let number): self = .int(Int64(number))
        case .int64(let number): self = .int(number)
        case .double(let number): self = .double(number)
        case .bool(let truth): self = .bool(truth)
        case .string(let text): self = .string(String(text.prefix(Self.maxText)))
        case .stringConvertible(let value): self = .string(String(value.description.prefix(Self.maxText)))
        // Lists: as text.
        case .int32Array(let values): self = .string("\(values)")
        case .int64Array(let values): self = .string("\(values)")
        case .doubleArray(let values): self = .string("\(values)")
        case .boolArray(let values): self = .string("\(values)")
        case .stringArray(let values): self = .string(String("\(values)".prefix(Self.maxText)))
        case .stringConvertibleArray(let values): self = .string(String("\(values)".prefix(Self.maxText)))
        default: self = .string("")
        }
    }
}
