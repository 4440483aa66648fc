import RelayCore
import Telemetry
import WireProtocol

/// The shard of one loop's message metrics.
struct MessageInstruments {
    private let total: ShardCounter
    private let accepted, settled, dropped: ShardCounters
    private let size, queueWait, acknowledgementLatency: ShardHistogram
    private let writes: WriteInstruments
    private let store: ShardHistogram

    init(_ families: MessageFamilies, shard: Int) {
        total = families.total.on(shard: shard)[0]
        accepted = families.accepted.on(shard: shard)
        settled = families.settled.on(shard: shard)
        dropped = families.dropped.on(shard: shard)
        size = families.size.on(shard: shard)[0]
        queueWait = families.queueWait.on(shard: shard)[0]
        acknowledgementLatency = families.acknowledgementLatency.on(shard: shard)[0]
        writes = WriteInstruments(families, shard: shard)
        store = families.stage.on(shard: shard)[MessageStage.store.place]
    }

    /// - Parameters:
    ///   - policy: nil where nothing is traced.
    ///   - worthALook: places of the facts that its tracer is to look at, found in passing: another pass over 96
    ///     bytes a fact costs more than the judgement.
    func observe(
        _ facts: UnsafeBufferPointer<MessageFact>,
        _ policy: TracePolicy?,
        _ worthALook: inout [Int]
    ) {
        var place = 0
        while place < facts.count {
            switch facts[place] {
            case .accepted(_, let mode, let bytes):
                let end = facts.endOfRun(from: place) { $0.isAccepted(mode, bytes: bytes) }
                accepted(mode, bytes: bytes, count: end - place)
                place = end
            case .settled(_, let timeline, .bestEffort, .delivered, _, _):
                let end = facts.endOfRun(from: place) { $0.isRelayed(timeline) }
                relayed(timeline, count: end - place)
                policy?.collect(relayed: timeline, facts, place..<end, &worthALook)
                place = end
            default:
                if observe(facts[place], policy) { worthALook.append(place) }
                place += 1
            }
        }
    }

    private func accepted(_ mode: DeliveryMode, bytes: Int, count: Int) {
        total.add(UInt64(count))
        accepted[mode.place].add(UInt64(count))
        size.observe(UInt64(bytes), count: UInt64(count))
    }

    /// Best-effort messages that reached the socket in one flush.
    private func relayed(_ timeline: MessageTimeline, count: Int) {
        writes.observe(timeline, count: UInt64(count))
        settled[MessageFate.delivered.place].add(UInt64(count))
    }

    /// - Returns: whether the tracer is to look at it.
    @inline(never)
    private func observe(_ fact: MessageFact, _ policy: TracePolicy?) -> Bool {
        switch fact {
        case .accepted: return false
        case .stored(_, let timeline, _):
            if let time = elapsed(timeline.received, timeline.stored) { store.observe(time) }
            return policy != nil
        case .written(_, let timeline, _, let queued, let attempt):
            written(timeline, queued: queued, attempt: attempt)
            return false
        case .settled(let identity, let timeline, _, let fate, let queued, let attempts):
            ended(timeline, fate)
            guard let policy else { return false }
            return !policy.isOrdinary(identity.id, timeline, fate, queued: queued, attempts: attempts)
        }
    }

    private func written(_ timeline: MessageTimeline, queued: Bool, attempt: Int) {
        // A later attempt's way is mostly the wait for an ACK that did not come.
        guard attempt <= 1 else { return }
        guard queued else { return writes.observe(timeline, count: 1) }
        if let wait = elapsed(timeline.received, timeline.written) { queueWait.observe(wait) }
    }

    func keep(_ exemplar: Exemplar, of timeline: MessageTimeline, queued: Bool) {
        guard queued else { return writes.keep(exemplar, of: timeline) }
        if let wait = elapsed(timeline.received, timeline.written) { queueWait.keep(exemplar, of: wait) }
    }

    private func ended(_ timeline: MessageTimeline, _ fate: MessageFate) {
        settled[fate.place].add()
        if case .dropped(let reason) = fate { dropped[reason.place].add() }
        if let time = elapsed(timeline.written, timeline.acknowledged) { acknowledgementLatency.observe(time) }
    }
}

extension TracePolicy {
    /// - Parameter run: of `facts`, best-effort messages that share `timeline`.
    @inline(__always)
    fileprivate func collect(
        relayed timeline: MessageTimeline,
        _ facts: UnsafeBufferPointer<MessageFact>,
        _ run: Range<Int>,
        _ worthALook: inout [Int]
    ) {
        let isSlow = isSlow(timeline, queued: false)
        for place in run {
            guard case .settled(let identity, _, _, _, _, _) = facts[place] else { continue }
            if isSlow || samples(identity.id) { worthALook.append(place) }
        }
    }
}

private struct WriteInstruments {
    private let latency, route, enqueue, write: ShardHistogram

    init(_ families: MessageFamilies, shard: Int) {
        latency = families.latency.on(shard: shard)[0]
        let stages = families.stage.on(shard: shard)
        route = stages[MessageStage.route.place]
        enqueue = stages[MessageStage.enqueue.place]
        write = stages[MessageStage.write.place]
    }

    @inline(never)
    func observe(_ timeline: MessageTimeline, count: UInt64) {
        if let time = elapsed(timeline.received, timeline.written) { latency.observe(time, count: count) }
        if let time = elapsed(timeline.received, timeline.routed) { route.observe(time, count: count) }
        if let time = elapsed(timeline.sendable, timeline.enqueued) { enqueue.observe(time, count: count) }
        if let time = elapsed(timeline.enqueued, timeline.written) { write.observe(time, count: count) }
    }

    func keep(_ exemplar: Exemplar, of timeline: MessageTimeline) {
        if let time = elapsed(timeline.received, timeline.written) { latency.keep(exemplar, of: time) }
        if let time = elapsed(timeline.received, timeline.routed) { route.keep(exemplar, of: time) }
        if let time = elapsed(timeline.sendable, timeline.enqueued) { enqueue.keep(exemplar, of: time) }
        if let time = elapsed(timeline.enqueued, timeline.written) { write.keep(exemplar, of: time) }
    }
}

/// nil where one of the stages was not reached.
func elapsed(_ start: MonotonicNanoseconds, _ end: MonotonicNanoseconds) -> UInt64? {
    start != 0 && end >= start ? end - start : nil
}
