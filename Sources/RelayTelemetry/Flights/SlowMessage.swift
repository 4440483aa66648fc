public import RelayCore
public import WireProtocol

/// A message that took long to be written to its recipient, and which stage of its way took most of it.
public struct SlowMessage: Sendable, Equatable {
    public enum Stage: String, Sendable {
        case route
        /// What had to be durable before it was sent.
        case store
        case enqueue, write
        /// In the queue, for its recipient to come.
        case queue
    }

    /// A stage that it passed.
    public struct Passage: Sendable, Equatable {
        public var stage: Stage
        public var nanoseconds: UInt64
    }

    public var identity: MessageIdentity
    public var mode: DeliveryMode?
    public var written: MonotonicNanoseconds
    /// From its arrival to its first write.
    public var nanoseconds: UInt64
    public var slowestStage: Stage
    public var slowestNanoseconds: UInt64
    /// In the order of its way.
    public var stages: [Passage]
    /// nil where the recorder has forgotten it since.
    public var outcome: Flight.Outcome?

    init(_ record: FlightRecord, _ flight: Flight?) {
        let timeline = record.timeline
        identity = record.identity
        mode = record.mode
        written = timeline.written
        nanoseconds = record.latency
        let stages: [(Stage, UInt64?)] = [
            (record.isQueued ? .queue : .route, elapsed(timeline.received, timeline.routed)),
            (.store, elapsed(timeline.routed, timeline.sendable)),
            (.enqueue, elapsed(timeline.sendable, timeline.enqueued)),
            (.write, elapsed(timeline.enqueued, timeline.written)),
        ]
        self.stages = stages.compactMap { stage, time in time.map { Passage(stage: stage, nanoseconds: $0) } }
        let slowest = self.stages.max { $0.nanoseconds < $1.nanoseconds }
        (slowestStage, slowestNanoseconds) = (slowest?.stage ?? .write, slowest?.nanoseconds ?? 0)
        outcome = flight?.outcome ?? (record.mode == .bestEffort ? .delivered : nil)
    }
}

extension FlightRecord {
    /// From its arrival to its write.
    var latency: UInt64 { elapsed(timeline.received, timeline.written) ?? 0 }
}

extension FlightRecorder {
    /// The slowest to be written of the last `span` nanoseconds, slowest first, with what became of them.
    /// - Parameter queued: those that waited in the queue; else those whose recipient was connected.
    /// - Returns: beside them, from when on: no further back than the minutes that are kept.
    public func slowest(
        span: MonotonicNanoseconds,
        limit: Int,
        queued: Bool
    ) -> (since: MonotonicNanoseconds, messages: [SlowMessage]) {
        let now = clock()
        // The minute that is overwritten next may have begun a moment ago.
        let reach = UInt64(SlowestMessages.minutes - 1) * .seconds(60)
        let since = max(startedAt, now - min(now, min(span, reach)))
        let records = rings.flatMap { $0.slowest(since: since, at: now, queued: queued) }
            .sorted { $0.latency > $1.latency }
            .prefix(limit)
        let flights = flights(of: Set(records.map(\.identity.id)))
        let messages = records.map { record in
            let known = flights[record.identity.id] ?? []
            return SlowMessage(
                record,
                known.first { $0.sender == record.identity.sender && $0.recipient == record.identity.recipient }
            )
        }
        return (since, messages)
    }

    private func flights(of ids: Set<MessageID>) -> [MessageID: [Flight]] {
        var found: [MessageID: [FlightRecord]] = [:]
        for ring in rings {
            ring.read { records in
                for record in records.reversed() where ids.contains(record.identity.id) {
                    guard found[record.identity.id, default: []].count < Self.maxMatches else { continue }
                    found[record.identity.id, default: []].append(record)
                }
            }
        }
        return found.mapValues(Flight.merged)
    }
}
