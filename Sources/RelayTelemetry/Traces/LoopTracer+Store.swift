import RelayCore
import WireProtocol

/// A part of its trace was handed on.
struct BegunTrace {
    var reason: TraceReason
    /// That part told how it was received.
    var isReceived: Bool
}

/// What the store's part of kept traces needs.
struct StoreNotes {
    /// Traces that ended while the store had something to do yet.
    var left = RecentNotes<(reason: TraceReason, context: TraceContext?)>(maxMessages: 4_096)
    /// Kept for another reason than their ids: only of these, and of ids that are sampled, is looked for more.
    var unusual = RecentNotes<Bool>(maxMessages: 4_096)
}

extension LoopTracer {
    /// A trace, or a part of one, was kept.
    mutating func note(_ kept: MessageTrace) {
        // What follows a removal is another try of it, if anything.
        guard kept.store?.kind != .settle else { return }
        let id = kept.identity.id
        if kept.reason != .ratio { store.unusual.note(true, of: id) }
        if kept.fate != nil {
            if kept.mode != .bestEffort { store.left.note((kept.reason, kept.context), of: id) }
        } else if kept.store == nil || begun[id] == nil && store.left[id] == nil {
            begun.note(BegunTrace(reason: kept.reason, isReceived: kept.store == nil), of: id)
        }
    }

    /// Tells of a call in the traces of its messages.
    mutating func follow(_ call: StoreCall, at now: MonotonicNanoseconds) {
        guard !call.work.isEmpty else { return }
        let mayBeUnusual = !store.unusual.isEmpty || !contexts.isEmpty || !forced.isEmpty
        call.forEachMessage { identity, kind in
            guard mayBeUnusual || policy.samples(identity.id) else { return }
            guard let (candidate, isOver) = standing(identity, kind, call, at: now) else { return }
            found.append(candidate)
            if isOver { forget(identity.id) }
        }
        handOn(at: now)
    }

    /// nil where its trace is not kept.
    private func standing(
        _ identity: MessageIdentity,
        _ kind: StoreCall.Kind,
        _ call: StoreCall,
        at now: MonotonicNanoseconds
    ) -> (TraceCandidate, isOver: Bool)? {
        let (id, context) = (identity.id, contexts.isEmpty ? nil : contexts[identity.id])
        let left = store.left.isEmpty ? nil : store.left[id]
        let known = begun.isEmpty ? nil : begun[id]
        guard let reason = known?.reason ?? left?.reason ?? beginning(identity, kind, context, call) else { return nil }
        let trace = MessageTrace(
            of: StorePart(call, kind, of: id, loop: loop),
            identity,
            reason,
            known == nil ? left?.context ?? context : context,
            at: now
        )
        let isOver = kind == .settle && !call.hasFailed
        return (TraceCandidate(trace: trace, otherwise: nil, isAdmitted: known != nil || left != nil), isOver)
    }

    /// Why a trace begins with what the store did: it had the message from an earlier run, or did not take it, and its
    /// recipient may yet.
    private func beginning(
        _ identity: MessageIdentity,
        _ kind: StoreCall.Kind,
        _ context: TraceContext?,
        _ call: StoreCall
    ) -> TraceReason? {
        guard kind == .load || kind == .put && call.hasFailed else { return nil }
        return policy.head(identity, parent: context, forced: forced)
    }

    private mutating func forget(_ id: MessageID) {
        _ = store.left.take(id)
        _ = store.unusual.take(id)
    }
}
