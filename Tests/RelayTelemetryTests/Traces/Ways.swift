import RelayCore
import WireProtocol

extension MessageTimeline {
    /// Milliseconds of each stage; 0 where it was not reached.
    static func way(
        received: UInt64,
        routed: UInt64 = 0,
        stored: UInt64 = 0,
        enqueued: UInt64 = 0,
        written: UInt64 = 0,
        acknowledged: UInt64 = 0
    ) -> MessageTimeline {
        var timeline = MessageTimeline(received: .milliseconds(received))
        timeline.routed = .milliseconds(routed)
        timeline.stored = .milliseconds(stored)
        timeline.enqueued = .milliseconds(enqueued)
        timeline.written = .milliseconds(written)
        timeline.acknowledged = .milliseconds(acknowledged)
        return timeline
    }

    static let quick = way(received: 1_000, routed: 1_001, enqueued: 1_002, written: 1_005)
    static let slow = way(received: 1_000, routed: 1_001, enqueued: 1_002, written: 1_200)
    /// Accepted, durable, and read out of the store when its recipient came back.
    static let queued = way(received: 1_000, routed: 90_000, enqueued: 90_001, written: 90_002)
}

extension MessageIdentity {
    /// Of agents that only their number tells apart.
    static func numbered(_ number: UInt8, from sender: UInt8 = 1, to recipient: UInt8 = 2) -> MessageIdentity {
        MessageIdentity(
            id: MessageID(bytes: repeatElement(UInt8(0), count: 15) + [number])!,
            sender: .numbered(sender),
            recipient: .numbered(recipient)
        )
    }
}

extension AgentHash {
    static func numbered(_ number: UInt8) -> AgentHash { AgentHash(bytes: repeatElement(number, count: 32))! }
}

extension MessageFact {
    static func ended(
        _ identity: MessageIdentity = .example,
        _ timeline: MessageTimeline = .quick,
        mode: DeliveryMode = .bestEffort,
        _ fate: MessageFate = .delivered,
        queued: Bool = false,
        attempts: Int = 1
    ) -> MessageFact {
        .settled(identity, timeline, mode: mode, fate: fate, queued: queued, attempts: attempts)
    }

    static func stored(_ identity: MessageIdentity = .example, at stored: UInt64 = 1_010) -> MessageFact {
        .stored(identity, .way(received: 1_000, routed: 1_001, stored: stored), mode: .atLeastOnce)
    }
}

extension TraceContext {
    static let sampled = TraceContext(traceID: (7, 8), parentID: 9, flags: 1)
    static let unsampled = TraceContext(traceID: (7, 8), parentID: 9, flags: 0)
}
