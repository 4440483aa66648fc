import RelayCore
import WireProtocol

/// What one fact leaves in the flight recorder: a cache line. A time is the step from the stage before it, so that what
/// took microseconds after hours in the queue can still be told apart.
struct FlightRecord {
    enum Kind: UInt8 {
        case accepted = 1
        case stored, written, delivered, expired, dropped, refused, traced
    }

    let identity: MessageIdentity
    let way: FlightWay

    @inline(__always)
    private init(
        _ kind: Kind,
        _ identity: MessageIdentity,
        _ timeline: MessageTimeline,
        mode: DeliveryMode,
        ended: MonotonicNanoseconds = 0,
        detail: UInt8 = 0,
        attempt: UInt8 = 0,
        queued: Bool = false
    ) {
        let left = max(timeline.received, timeline.routed)
        let outbox = max(left, timeline.enqueued)
        self.identity = identity
        way = FlightWay(
            origin: timeline.received,
            routed: step(timeline.received, timeline.routed),
            stored: step(left, timeline.stored),
            enqueued: step(left, timeline.enqueued),
            written: step(outbox, timeline.written),
            ended: step(max(outbox, timeline.written), ended),
            kindCode: kind.rawValue | (queued ? FlightWay.queuedFlag : 0),
            modeCode: mode.rawValue,
            detail: detail,
            attempt: attempt
        )
    }

    @inline(__always)
    init(_ identity: MessageIdentity, _ way: FlightWay) {
        self.identity = identity
        self.way = way
    }

    /// A best-effort message that was delivered.
    @inline(never)
    init(relayed identity: MessageIdentity, _ timeline: MessageTimeline) {
        self.init(.delivered, identity, timeline, mode: .bestEffort, attempt: 1)
    }

    /// Of a fact that knows no times but that of its tick.
    private init(
        _ kind: Kind,
        _ identity: MessageIdentity,
        at now: MonotonicNanoseconds,
        bytes: Float = -1,
        modeCode: UInt8 = 0,
        detail: UInt8 = 0
    ) {
        self.identity = identity
        way = FlightWay(
            origin: now,
            routed: bytes,
            stored: -1,
            enqueued: -1,
            written: -1,
            ended: -1,
            kindCode: kind.rawValue | FlightWay.untimedFlag,
            modeCode: modeCode,
            detail: detail,
            attempt: 0
        )
    }
}

extension FlightRecord {
    /// nil for what a later fact of the same message tells again: best effort is told whole when it is settled.
    init?(_ fact: MessageFact, at now: MonotonicNanoseconds) {
        switch fact {
        case .accepted(let identity, let mode, let bytes):
            guard mode != .bestEffort else { return nil }
            self.init(.accepted, identity, at: now, bytes: Float(bytes), modeCode: mode.rawValue)
        case .stored(let identity, let timeline, let mode):
            self.init(.stored, identity, timeline, mode: mode)
        case .written(let identity, let timeline, let mode, let queued, let attempt):
            let attempt = UInt8(clamping: attempt)
            self.init(.written, identity, timeline, mode: mode, attempt: attempt, queued: queued)
        case .settled(let identity, let timeline, let mode, let fate, let queued, let attempts):
            let attempts = UInt8(clamping: attempts)
            self.init(settled: identity, timeline, mode, fate, queued: queued, attempts: attempts, at: now)
        }
    }

    @inline(__always)
    private init(
        settled identity: MessageIdentity,
        _ timeline: MessageTimeline,
        _ mode: DeliveryMode,
        _ fate: MessageFate,
        queued: Bool,
        attempts: UInt8,
        at now: MonotonicNanoseconds
    ) {
        switch fate {
        case .delivered:
            let end = timeline.acknowledged
            self.init(.delivered, identity, timeline, mode: mode, ended: end, attempt: attempts, queued: queued)
        case .expired where timeline.received == 0:
            self.init(.expired, identity, at: now, modeCode: mode.rawValue)
        case .expired:
            self.init(.expired, identity, timeline, mode: mode, ended: now, attempt: attempts, queued: queued)
        case .dropped(let reason):
            let place = UInt8(truncatingIfNeeded: reason.place)
            self.init(
                .dropped,
                identity,
                timeline,
                mode: mode,
                ended: now,
                detail: place,
                attempt: attempts,
                queued: queued
            )
        }
    }

    /// Of what is told of a message beside its facts; nil for everything else.
    init?(_ event: RelayEvent, at now: MonotonicNanoseconds) {
        switch event {
        case .nacked(let id, let code):
            let identity = MessageIdentity(id: id, sender: 0, recipient: 0)
            self.init(.refused, identity, at: now, detail: UInt8(truncatingIfNeeded: code.place))
        case .traced(let id, let context):
            // In the place of two agents that the event does not name.
            let (high, low) = context.traceID
            self.init(.traced, MessageIdentity(id: id, sender: high, recipient: low), at: now)
        default: return nil
        }
    }

    static func isKept(_ event: RelayEvent) -> Bool {
        switch event {
        case .nacked, .traced: true
        default: false
        }
    }

    static func isKept(_ fact: MessageFact) -> Bool {
        if case .accepted(_, .bestEffort, _) = fact { false } else { true }
    }
}

extension FlightRecord {
    /// When the message was received; without a timeline, when the fact was stated.
    var origin: MonotonicNanoseconds { way.origin }
    var kind: Kind { Kind(rawValue: way.kindCode & ~(FlightWay.queuedFlag | FlightWay.untimedFlag)) ?? .accepted }
    var mode: DeliveryMode? { DeliveryMode(rawValue: way.modeCode) }
    var attempt: Int { Int(way.attempt) }
    /// It came out of the store, and `origin` is as long before as it was accepted, by the relay's wall clock.
    var isQueued: Bool { way.kindCode & FlightWay.queuedFlag != 0 }
    var hasTimeline: Bool { way.kindCode & FlightWay.untimedFlag == 0 }
    /// Of the payload, where accepting it is what is told.
    var bytes: Int? { kind == .accepted ? Int(way.routed) : nil }
    var dropReason: DropReason? { kind == .dropped ? DropReason.allCases[Int(way.detail)] : nil }
    var refusal: NackCode? { kind == .refused ? NackCode.allCases[Int(way.detail)] : nil }
    /// The id of the sender's trace.
    var trace: (high: UInt64, low: UInt64)? { kind == .traced ? (identity.sender, identity.recipient) : nil }

    /// `acknowledged` is when it ended, however it did.
    var timeline: MessageTimeline {
        var timeline = MessageTimeline(received: origin)
        guard hasTimeline else { return timeline }
        timeline.routed = moment(origin, way.routed)
        let left = max(origin, timeline.routed)
        timeline.stored = moment(left, way.stored)
        timeline.enqueued = moment(left, way.enqueued)
        let outbox = max(left, timeline.enqueued)
        timeline.written = moment(outbox, way.written)
        timeline.acknowledged = moment(max(outbox, timeline.written), way.ended)
        return timeline
    }

    /// When its fact was stated, or a little before.
    var time: MonotonicNanoseconds {
        let timeline = timeline
        return max(timeline.received, timeline.stored, timeline.written, timeline.acknowledged)
    }
}

/// -1 for a stage that was not reached: a step may be 0.
@inline(__always)
private func step(_ earlier: MonotonicNanoseconds, _ time: MonotonicNanoseconds) -> Float {
    guard time != 0 else { return -1 }
    return time > earlier ? Float(Int64(truncatingIfNeeded: time &- earlier)) : 0
}

private func moment(_ earlier: MonotonicNanoseconds, _ step: Float) -> MonotonicNanoseconds {
    step < 0 ? 0 : earlier &+ MonotonicNanoseconds(step)
}
