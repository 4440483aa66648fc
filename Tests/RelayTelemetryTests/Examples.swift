import RelayCore
import WireProtocol

extension MessageID {
    static let example = MessageID(bytes: 1...16)!
}

extension MessageIdentity {
    static let example = MessageIdentity(
        id: .example,
        sender: AgentHash(bytes: repeatElement(0xA5, count: 32))!,
        recipient: AgentHash(bytes: repeatElement(0x5A, count: 32))!
    )
}

extension MessageFact {
    static func dropped(_ reason: DropReason, received: MonotonicNanoseconds = 0) -> MessageFact {
        .settled(
            .example,
            MessageTimeline(received: received),
            mode: .bestEffort,
            fate: .dropped(reason),
            queued: false,
            attempts: 0
        )
    }
}
