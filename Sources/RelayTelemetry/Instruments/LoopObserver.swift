public import RelayCore

/// Turns the facts of one event loop into its shard of the metrics. Used on that loop only.
public final class LoopObserver: RelayObserver {
    private let messages: MessageInstruments
    private let events: EventInstruments
    private let flights: FlightRing?
    private var tracer: LoopTracer?
    private let policy: TracePolicy?
    private var worthALook: [Int] = []

    init(_ instruments: RelayInstruments, shard: Int, traces: MessageTraces?) {
        messages = MessageInstruments(instruments.messages, shard: shard)
        events = EventInstruments(instruments, shard: shard)
        flights = instruments.flights?.rings[shard]
        tracer = traces.map { LoopTracer($0, loop: shard) }
        policy = tracer?.policy
    }

    public func observe(
        messages facts: UnsafeBufferPointer<MessageFact>,
        events: UnsafeBufferPointer<RelayEvent>,
        at now: MonotonicNanoseconds
    ) {
        worthALook.removeAll(keepingCapacity: true)
        messages.observe(facts, policy, &worthALook)
        for event in events { self.events.observe(event) }
        flights?.record(facts, events, at: now)
        tracer?.observe(facts, worthALook, events, at: now)
    }
}
