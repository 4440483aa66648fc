import RelayCore
public import Telemetry
import WireProtocol

/// The spans of one message:
///
///     message                     from its last byte read to its end
///       receive                   until its sender had its answer
///         route, store
///       queue wait                in the store, for a recipient who was away
///       deliver                   from a known destination to the recipient's socket
///         enqueue, write
///       acknowledge               until the recipient's ACK
///
/// Below `message` stands too what the store did (`StorePart`).
///
/// `route`, `store`, `enqueue` and `write` are the stages of `moltrelay_message_stage_seconds`. What was stored is told
/// in two parts, with `message` in the last, which knows how it ended.
public struct MessageSpans {
    private let message: MessageTrace
    private let clock: ClockReading
    private var spans: [SpanRecord] = []

    /// - Parameter clock: read after the message ended.
    public static func make(
        _ message: MessageTrace,
        _ clock: ClockReading,
        using generator: inout some RandomNumberGenerator
    ) -> [SpanRecord] {
        var made = MessageSpans(message: message, clock: clock)
        made.make(using: &generator)
        return made.spans
    }

    private init(message: MessageTrace, clock: ClockReading) {
        self.message = message
        self.clock = clock
    }

    private mutating func make(using generator: inout some RandomNumberGenerator) {
        if let part = message.store {
            spans = part.spans(of: message, clock, using: &generator)
            return
        }
        var root = message.rootSpan
        if message.isDuplicate {
            root = .random(using: &generator)
            add("duplicate", root, of: message.rootSpan, message.timeline.received, message.ended, rootFields)
        } else if message.fate != nil {
            let start = message.timeline.received == 0 ? message.ended : message.timeline.received
            add("message", root, of: sender, start, end, rootFields, .consumer)
        }
        if !message.isQueued, !message.isContinued { addReceive(root, using: &generator) }
        if message.isQueued { addQueueWait(root, using: &generator) }
        guard message.fate != nil else { return }
        addDeliver(root, using: &generator)
        let way = message.timeline
        add("acknowledge", .random(using: &generator), of: root, way.written, way.acknowledged)
    }

    private mutating func addReceive(_ root: SpanID, using generator: inout some RandomNumberGenerator) {
        let way = message.timeline
        let answered = [way.stored, way.acknowledged, way.routed].first { $0 != 0 } ?? message.ended
        let receive = SpanID.random(using: &generator)
        let fields = [
            SpanField("messaging.operation.type", "receive"),
            SpanField("messaging.message.id", "\(message.identity.id)"),
            SpanField("moltrelay.delivery", message.mode.label),
        ]
        add("receive", receive, of: root, way.received, answered, fields)
        add("route", .random(using: &generator), of: receive, way.received, way.routed)
        add("store", .random(using: &generator), of: receive, way.received, way.stored)
    }

    /// Without one out of the store it waited to its end.
    private mutating func addQueueWait(_ root: SpanID, using generator: inout some RandomNumberGenerator) {
        let way = message.timeline
        let fetched = way.routed == 0 ? message.ended : way.routed
        add("queue wait", .random(using: &generator), of: root, way.received, fetched)
    }

    private mutating func addDeliver(_ root: SpanID, using generator: inout some RandomNumberGenerator) {
        let way = message.timeline
        let deliver = SpanID.random(using: &generator)
        let fields = [
            SpanField("messaging.operation.type", "send"), SpanField("moltrelay.attempts", message.attempts),
        ]
        add("deliver", deliver, of: root, way.sendable, way.written, fields, .producer)
        add("enqueue", .random(using: &generator), of: deliver, way.sendable, way.enqueued)
        add("write", .random(using: &generator), of: deliver, way.enqueued, way.written)
    }

    /// Nothing where one of its ends was not reached.
    private mutating func add(
        _ name: String,
        _ span: SpanID,
        of parent: SpanID?,
        _ start: MonotonicNanoseconds,
        _ end: MonotonicNanoseconds,
        _ fields: [SpanField] = [],
        _ kind: SpanRecord.Kind = .internal
    ) {
        guard start != 0, end >= start else { return }
        spans.append(
            SpanRecord(
                trace: message.trace,
                span: span,
                parent: parent,
                name: name,
                kind: kind,
                start: clock.unix(start),
                end: clock.unix(end),
                fields: fields,
                status: name == "message" ? status : .unset
            )
        )
    }

    /// Only where it keeps the trace too: a parent that nobody has leads nowhere.
    private var sender: SpanID? {
        guard let context = message.context, context.isSampled else { return nil }
        return SpanID(context.parentID)
    }

    private var end: MonotonicNanoseconds {
        guard message.fate == .delivered else { return message.ended }
        return max(message.timeline.written, message.timeline.acknowledged)
    }

    private var status: SpanRecord.Status {
        switch message.fate {
        case nil, .delivered, .dropped(.duplicate): .unset
        case .expired: .error("expired")
        case .dropped(let reason): .error("dropped: \(reason.rawValue)")
        }
    }

    private var rootFields: [SpanField] {
        var fields = [
            SpanField("messaging.system", "moltrelay"),
            SpanField("messaging.message.id", "\(message.identity.id)"),
            SpanField("moltrelay.sender", message.identity.senderPrefix),
            SpanField("moltrelay.recipient", message.identity.recipientPrefix),
            SpanField("moltrelay.delivery", message.mode.label),
            SpanField("moltrelay.queued", .bool(message.isQueued)),
            SpanField("moltrelay.attempts", message.attempts),
            SpanField("moltrelay.kept_for", message.reason.rawValue),
        ]
        switch message.fate {
        case nil: break
        case .delivered: fields.append(SpanField("moltrelay.fate", "delivered"))
        case .expired: fields.append(SpanField("moltrelay.fate", "expired"))
        case .dropped(let reason):
            fields.append(SpanField("moltrelay.fate", "dropped"))
            fields.append(SpanField("moltrelay.drop_reason", reason.rawValue))
        }
        return fields
    }
}

extension MessageIdentity {
    /// The first 16 digits of the agent's hash.
    var senderPrefix: String { SpanID(sender.bigEndian).hex }
    var recipientPrefix: String { SpanID(recipient.bigEndian).hex }
}
