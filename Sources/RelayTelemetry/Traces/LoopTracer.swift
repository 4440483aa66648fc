import RelayCore
import WireProtocol

/// Finds the messages of one event loop that are worth a trace. Used on that loop only.
struct LoopTracer {
    /// Of one event loop: some 2 MiB at most.
    static let maxNotes = 16_384

    private let traces: MessageTraces
    let loop: Int
    let policy: TracePolicy
    /// What TRACED senders said of messages that have not ended.
    var contexts = RecentNotes<TraceContext>(maxMessages: maxNotes)
    /// Messages of whose trace a part was handed on before their end.
    var begun = RecentNotes<BegunTrace>(maxMessages: maxNotes)
    var store = StoreNotes()
    var found: [TraceCandidate] = []
    var forced: [UInt64] = []

    init(_ traces: MessageTraces, loop: Int) {
        self.traces = traces
        self.loop = loop
        policy = TracePolicy(traces.settings)
    }

    /// Before a tick's facts are looked at.
    /// - Returns: whether nothing is known of any message but what its end says.
    private mutating func prepare(_ events: UnsafeBufferPointer<RelayEvent>, at now: MonotonicNanoseconds) -> Bool {
        for event in events {
            if case .traced(let id, let context) = event { contexts.note(context, of: id) }
        }
        forced = traces.forced.prefixes(at: now)
        return forced.isEmpty && contexts.isEmpty && begun.isEmpty
    }

    /// - Parameter worthALook: places of all facts but those of messages that are `TracePolicy.isOrdinary`.
    mutating func observe(
        _ facts: UnsafeBufferPointer<MessageFact>,
        _ worthALook: [Int],
        _ events: UnsafeBufferPointer<RelayEvent>,
        at now: MonotonicNanoseconds
    ) {
        if prepare(events, at: now) {
            for place in worthALook { take(facts[place], at: now) }
        } else {
            for fact in facts { take(fact, at: now) }
        }
        handOn(at: now)
        for event in events {
            if case .storeCalled(let call) = event { follow(call, at: now) }
        }
    }

    private mutating func take(_ fact: MessageFact, at now: MonotonicNanoseconds) {
        switch fact {
        case .accepted, .written: break
        case .stored(let identity, let timeline, let mode): stored(identity, timeline, mode, at: now)
        case .settled(let identity, let timeline, let mode, let fate, let queued, let attempts):
            settled(identity, timeline, mode, fate, queued, attempts, at: now)
        }
    }

    private mutating func stored(
        _ identity: MessageIdentity,
        _ timeline: MessageTimeline,
        _ mode: DeliveryMode,
        at now: MonotonicNanoseconds
    ) {
        let context = contexts.isEmpty ? nil : contexts[identity.id]
        guard let reason = policy.head(identity, parent: context, forced: forced) else { return }
        let trace = MessageTrace(
            identity: identity,
            timeline: timeline,
            mode: mode,
            reason: reason,
            fate: nil,
            ended: timeline.stored,
            isQueued: false,
            isSlow: false,
            attempts: 0,
            context: context
        )
        found.append(TraceCandidate(trace: trace, otherwise: nil))
    }

    private mutating func settled(
        _ identity: MessageIdentity,
        _ timeline: MessageTimeline,
        _ mode: DeliveryMode,
        _ fate: MessageFate,
        _ queued: Bool,
        _ attempts: Int,
        at now: MonotonicNanoseconds
    ) {
        let isFirst = fate != .dropped(.duplicate)
        let context = contexts.isEmpty ? nil : isFirst ? contexts.take(identity.id) : contexts[identity.id]
        let continued = begun.isEmpty || mode == .bestEffort || !isFirst ? nil : begun.take(identity.id)
        let head = continued?.reason ?? policy.head(identity, parent: context, forced: forced)
        let tail = policy.tail(timeline, fate, queued: queued, attempts: attempts)
        guard let reason = head ?? tail else { return }
        let trace = MessageTrace(
            identity: identity,
            timeline: timeline,
            mode: mode,
            reason: reason,
            fate: fate,
            ended: now,
            isQueued: queued,
            isContinued: continued?.isReceived ?? false,
            isSlow: policy.isSlow(timeline, queued: queued),
            attempts: attempts,
            context: context
        )
        found.append(TraceCandidate(trace: trace, otherwise: tail, isAdmitted: continued != nil))
    }

    mutating func handOn(at now: MonotonicNanoseconds) {
        traces.noteForgotten(contexts.takeForgotten() + begun.takeForgotten())
        guard !found.isEmpty else { return }
        traces.offer(found, at: now) { kept in
            note(kept)
        }
        found.removeAll(keepingCapacity: found.count <= 256)
    }
}
