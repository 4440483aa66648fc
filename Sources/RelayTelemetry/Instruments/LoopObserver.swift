public import RelayCore
import Telemetry

/// Turns the facts of one event loop into its shard of the metrics. Used on that loop only.
public final class LoopObserver: RelayObserver {
    private let messages: MessageInstruments
    private let events: EventInstruments

    init(_ instruments: RelayInstruments, shard: Int) {
        messages = MessageInstruments(instruments.messages, shard: shard)
        events = EventInstruments(instruments, shard: shard)
    }

    public func observe(messages facts: UnsafeBufferPointer<MessageFact>, events: UnsafeBufferPointer<RelayEvent>) {
        messages.observe(facts)
        for event in events { self.events.observe(event) }
    }
}
