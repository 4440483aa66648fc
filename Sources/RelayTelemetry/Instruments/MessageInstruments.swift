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
        var runs = Runs()
        for (place, fact) in facts.enumerated() {
            switch fact {
            case .accepted(_, let mode, let bytes): add(mode, bytes, to: &runs.accepted)
            case .stored(_, let timeline, _):
                if let time = elapsed(timeline.received, timeline.stored) { store.observe(time) }
                if policy != nil { worthALook.append(place) }
            case .written(_, let timeline, _, let queued, let attempt):
                written(timeline, queued: queued, attempt: attempt, &runs.written)
            case .settled(let identity, let timeline, _, let fate, let queued, let attempts):
                ended(timeline, fate, &runs.delivered)
                guard let policy else { continue }
                let isOrdinary = policy.isOrdinary(identity.id, timeline, fate, queued: queued, attempts: attempts)
                if !isOrdinary { worthALook.append(place) }
            }
        }
        observe(runs.accepted)
        writes.observe(runs.written)
        settled[MessageFate.delivered.place].add(runs.delivered)
    }

    private func add(_ mode: DeliveryMode, _ bytes: Int, to run: inout AcceptedRun) {
        if run.mode == mode, run.bytes == bytes { return run.count += 1 }
        observe(run)
        run = AcceptedRun(mode: mode, bytes: bytes, count: 1)
    }

    private func observe(_ run: AcceptedRun) {
        guard run.count > 0 else { return }
        total.add(run.count)
        accepted[run.mode.place].add(run.count)
        size.observe(UInt64(run.bytes), count: run.count)
    }

    private func written(_ timeline: MessageTimeline, queued: Bool, attempt: Int, _ run: inout WriteRun) {
        // A later attempt's way is mostly the wait for an ACK that did not come.
        guard attempt <= 1 else { return }
        if queued {
            if let wait = elapsed(timeline.received, timeline.written) { queueWait.observe(wait) }
        } else if run.timeline == timeline {
            run.count += 1
        } else {
            writes.observe(run)
            run = WriteRun(timeline: timeline, count: 1)
        }
    }

    func keep(_ exemplar: Exemplar, of timeline: MessageTimeline, queued: Bool) {
        guard queued else { return writes.keep(exemplar, of: timeline) }
        if let wait = elapsed(timeline.received, timeline.written) { queueWait.keep(exemplar, of: wait) }
    }

    private func ended(_ timeline: MessageTimeline, _ fate: MessageFate, _ delivered: inout UInt64) {
        if case .delivered = fate { delivered += 1 } else { settled[fate.place].add() }
        if case .dropped(let reason) = fate { dropped[reason.place].add() }
        if let time = elapsed(timeline.written, timeline.acknowledged) { acknowledgementLatency.observe(time) }
    }
}

/// What the facts of one tick have in common, each run observed at the price of one message.
private struct Runs {
    var accepted = AcceptedRun()
    var written = WriteRun()
    var delivered: UInt64 = 0
}

/// Messages of one mode and size.
private struct AcceptedRun {
    var mode = DeliveryMode.bestEffort
    var bytes = 0
    var count: UInt64 = 0
}

/// Messages that share every time, as those of one tick and one flush do.
struct WriteRun {
    var timeline = MessageTimeline(received: 0)
    var count: UInt64 = 0
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

    func observe(_ run: WriteRun) {
        guard run.count > 0 else { return }
        let timeline = run.timeline
        if let time = elapsed(timeline.received, timeline.written) { latency.observe(time, count: run.count) }
        if let time = elapsed(timeline.received, timeline.routed) { route.observe(time, count: run.count) }
        if let time = elapsed(timeline.sendable, timeline.enqueued) { enqueue.observe(time, count: run.count) }
        if let time = elapsed(timeline.enqueued, timeline.written) { write.observe(time, count: run.count) }
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
