public import RelayCore
import Synchronization
import Telemetry

/// A trace that there is a reason for, before rates are asked.
struct TraceCandidate {
    var trace: MessageTrace
    /// Another reason, where the rate of the first is spent.
    var otherwise: TraceReason?
    /// A part of one that was kept before, which is not to be missed for a rate.
    var isAdmitted = false
}

/// What the event loops found worth a trace, on its way to those who make spans of it. Bounded; nobody waits.
public final class MessageTraces: Sendable {
    static let maxBytes = 1 << 20
    /// What the store did is told of many messages by the same few hundred bytes.
    static let maxWaiting = maxBytes / (MemoryLayout<MessageTrace>.stride + 256)

    public let settings: TraceSettings
    public let forced = ForcedAgents()
    private let state: Mutex<State>
    private let forgotten = Atomic<UInt64>(0)

    fileprivate struct State {
        var waiting: [MessageTrace] = []
        var limits: [RateLimit]
        var moves: RateLimit
        var kept = [UInt64](repeating: 0, count: TraceReason.allCases.count)
        var missed = [UInt64](repeating: 0, count: TraceReason.allCases.count * TraceObstacle.allCases.count)
    }

    public init(_ settings: TraceSettings = TraceSettings()) {
        self.settings = settings
        let limits = TraceReason.allCases.map { RateLimit(perSecond: settings.rate(of: $0)) }
        state = Mutex(State(limits: limits, moves: RateLimit(perSecond: settings.perSecond)))
    }

    /// What waits, oldest first, in exchange for nothing.
    public func take() -> [MessageTrace] {
        state.withLock { state in
            var taken: [MessageTrace] = []
            swap(&taken, &state.waiting)
            return taken
        }
    }

    /// - Parameter isKept: called with each that is, before the next is looked at.
    func offer(_ candidates: [TraceCandidate], at now: MonotonicNanoseconds, isKept: (MessageTrace) -> Void) {
        state.withLock { state in
            for candidate in candidates {
                if let kept = state.admit(candidate, at: now) { isKept(kept) }
            }
        }
    }

    /// A store has moved messages to another by itself: on its thread, so that no loop knows whether their traces were
    /// kept.
    public func moved(_ call: StoreCall, at now: MonotonicNanoseconds) {
        let (policy, forced, contexts) = (TracePolicy(settings), forced.prefixes(at: now), call.contexts)
        var parts: [TraceCandidate] = []
        call.forEachMessage { identity, kind in
            let context = contexts[identity.id]
            guard let reason = policy.head(identity, parent: context, forced: forced) else { return }
            let part = StorePart(call, kind, of: identity.id, loop: nil)
            let trace = MessageTrace(of: part, identity, reason, context, at: now)
            parts.append(TraceCandidate(trace: trace, otherwise: nil, isAdmitted: true))
        }
        state.withLock { state in
            for part in parts where state.moves.take(at: now) { _ = state.admit(part, at: now) }
        }
    }

    func noteForgotten(_ count: Int) {
        if count > 0 { forgotten.add(UInt64(count), ordering: .relaxed) }
    }
}

extension MessageTraces.State {
    fileprivate mutating func admit(_ candidate: TraceCandidate, at now: MonotonicNanoseconds) -> MessageTrace? {
        var trace = candidate.trace
        if !candidate.isAdmitted {
            guard let reason = affordable(trace.reason, candidate.otherwise, at: now) else {
                // Of a message whose trace was missed this would be said once more.
                if trace.store == nil { miss(trace.reason, .rate) }
                return nil
            }
            trace.reason = reason
        }
        guard waiting.count < MessageTraces.maxWaiting else {
            miss(trace.reason, .bufferFull)
            return nil
        }
        if !candidate.isAdmitted { kept[trace.reason.place] += 1 }
        waiting.append(trace)
        return trace
    }

    private mutating func affordable(
        _ reason: TraceReason,
        _ other: TraceReason?,
        at now: MonotonicNanoseconds
    ) -> TraceReason? {
        if limits[reason.place].take(at: now) { return reason }
        guard let other, other != reason, limits[other.place].take(at: now) else { return nil }
        return other
    }

    private mutating func miss(_ reason: TraceReason, _ obstacle: TraceObstacle) {
        missed[reason.place * TraceObstacle.allCases.count + obstacle.place] += 1
    }
}

extension MessageTraces {
    /// Since the start; for scrapes.
    public func totals(at now: MonotonicNanoseconds) -> TraceTotals {
        var totals = TraceTotals()
        state.withLock { state in
            totals.kept = state.kept
            totals.missed = state.missed
        }
        totals.forgotten = forgotten.load(ordering: .relaxed)
        totals.forcedAgents = forced.active(at: now).count
        return totals
    }
}
