public import RelayCore
public import Telemetry

/// Turns the facts of one event loop into its shard of the metrics. Used on that loop only.
public final class LoopObserver: RelayObserver {
    private let messages: MessageInstruments
    private let events: EventInstruments
    private let flights: FlightRing?

    init(_ instruments: RelayInstruments, shard: Int) {
        messages = MessageInstruments(instruments.messages, shard: shard)
        events = EventInstruments(instruments, shard: shard)
        flights = instruments.flights?.rings[shard]
    }

    public func observe(
        messages facts: UnsafeBufferPointer<MessageFact>,
        events: UnsafeBufferPointer<RelayEvent>,
        at now: MonotonicNanoseconds
    ) {
        messages.observe(facts)
        for event in events { self.events.observe(event) }
        flights?.record(facts, events, at: now)
    }

    /// Leads from the histograms that a first attempt was observed in to its trace. For whoever decided that the trace is
    /// kept, after the fact `written`.
    public func keep(_ exemplar: Exemplar, of timeline: MessageTimeline, queued: Bool) {
        messages.keep(exemplar, of: timeline, queued: queued)
    }
}
