import Compression
import RelayCore
import WireProtocol

/// Everything the relays of a simulation said.
final class FactLog: RelayObserver {
    private(set) var facts: [MessageFact] = []
    private(set) var events: [RelayEvent] = []
    private(set) var accepted = 0
    private(set) var settled = 0

    func observe(
        messages: UnsafeBufferPointer<MessageFact>,
        events: UnsafeBufferPointer<RelayEvent>,
        at now: MonotonicNanoseconds
    ) {
        for fact in messages {
            switch fact {
            case .accepted: accepted += 1
            case .settled: settled += 1
            case .stored, .written: break
            }
        }
        facts += messages
        self.events += events
    }

    var fates: [MessageFate] {
        facts.compactMap { if case .settled(_, _, _, let fate, _, _) = $0 { fate } else { nil } }
    }
    /// The attempts of each write, in order.
    var attempts: [Int] { facts.compactMap { if case .written(_, _, _, _, let attempt) = $0 { attempt } else { nil } } }

    struct End {
        let timeline: MessageTimeline
        let fate: MessageFate
        let wasQueued: Bool
        let attempts: Int
    }

    /// Of the last fact, where that is the end of a message.
    var end: End? {
        guard case .settled(_, let timeline, _, let fate, let queued, let attempts) = facts.last else { return nil }
        return End(timeline: timeline, fate: fate, wasQueued: queued, attempts: attempts)
    }

    var identities: [MessageIdentity] {
        facts.map { fact in
            switch fact {
            case .accepted(let identity, _, _), .stored(let identity, _, _), .written(let identity, _, _, _, _),
                .settled(let identity, _, _, _, _, _):
                identity
            }
        }
    }

    var traces: [TraceContext] { events.compactMap { if case .traced(_, let context) = $0 { context } else { nil } } }
    var nacks: [NackCode] { events.compactMap { if case .nacked(_, let code) = $0 { code } else { nil } } }

    var work: [CompressionWork] { events.compactMap { if case .compressed(let work) = $0 { work } else { nil } } }
    var compressionFailures: [CompressionFlaw] {
        events.compactMap { if case .compressionFailed(let flaw) = $0 { flaw } else { nil } }
    }
    var conversionWaits: Int { count(.conversionWaited) }

    func count(_ fate: MessageFate) -> Int { fates.count { $0 == fate } }
    func count(_ event: RelayEvent) -> Int { events.count { $0 == event } }
    var storeFailures: Int { events.count { if case .storeFailed = $0 { true } else { false } } }
    var elided: Int {
        events.reduce(0) { if case .writesElided(let count) = $1 { $0 + count } else { $0 } }
    }
}
