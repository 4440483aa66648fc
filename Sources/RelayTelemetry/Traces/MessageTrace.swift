public import RelayCore
public import Telemetry
public import WireProtocol

/// All that the spans of one message are made from, as its event loop hands it on.
public struct MessageTrace: Sendable, Equatable {
    public var identity: MessageIdentity
    public var timeline: MessageTimeline
    public var mode: DeliveryMode
    public var reason: TraceReason
    /// How it ended; nil: it lies in the store, and what follows may be hours away.
    public var fate: MessageFate?
    public var ended: MonotonicNanoseconds
    /// It came out of the store.
    public var isQueued: Bool
    /// What it was up to its durability was handed on before.
    public var isContinued = false
    public var isSlow: Bool
    public var attempts: Int
    /// Its sender's.
    public var context: TraceContext?
    /// nil but where the store alone is told of.
    public var store: StorePart?

    public var trace: TraceID { context?.trace ?? identity.id.trace }

    /// A copy that the store knew already is a part of the trace of the first.
    public var isDuplicate: Bool { fate == .dropped(.duplicate) }

    /// Leads here from the metrics of its first attempt; nil where those have nothing of it.
    public func exemplar(_ clock: ClockReading) -> Exemplar? {
        guard fate != nil, attempts == 1, timeline.written != 0 else { return nil }
        return Exemplar(
            traceHigh: trace.high,
            traceLow: trace.low,
            span: identity.id.rootSpan.bits,
            unixMilliseconds: Int64(clamping: clock.unix(timeline.written) / 1_000_000)
        )
    }

    /// Of the span that the whole way hangs from.
    public var rootSpan: SpanID { identity.id.rootSpan }

    /// What it spent where, by the names of `moltrelay_message_stage_seconds` and their sum; without what was not
    /// reached.
    public var stages: [(name: String, nanoseconds: UInt64)] {
        let start = isQueued ? timeline.routed : timeline.received
        let stages = [
            ("total", elapsed(start, timeline.written)),
            (MessageStage.route.rawValue, isQueued ? nil : elapsed(timeline.received, timeline.routed)),
            (MessageStage.enqueue.rawValue, elapsed(timeline.sendable, timeline.enqueued)),
            (MessageStage.write.rawValue, elapsed(timeline.enqueued, timeline.written)),
            (MessageStage.store.rawValue, timeline.stored == 0 ? nil : elapsed(timeline.received, timeline.stored)),
        ]
        return stages.compactMap { name, time in time.map { (name, $0) } }
    }
}

/// Both clocks at one moment: a wall clock for what the monotonic one measured.
public struct ClockReading: Sendable, Equatable {
    public var monotonic: MonotonicNanoseconds
    /// Since 1970.
    public var unixNanoseconds: UInt64

    public init(monotonic: MonotonicNanoseconds, unixNanoseconds: UInt64) {
        self.monotonic = monotonic
        self.unixNanoseconds = unixNanoseconds
    }

    func unix(_ time: MonotonicNanoseconds) -> UInt64 {
        time > monotonic
            ? unixNanoseconds + (time - monotonic) : unixNanoseconds - min(unixNanoseconds, monotonic - time)
    }
}
