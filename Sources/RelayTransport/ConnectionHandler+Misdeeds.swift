import Compression
import RelayCore
import WireProtocol

/// What a connection did that its operator should hear of, each told once a minute however often it is done: telling
/// costs more than doing.
struct Misdeeds {
    static let interval: MonotonicNanoseconds = .seconds(60)

    enum Kind {
        case messageRate, impersonated
    }

    private var messageRateAgainAt: MonotonicNanoseconds = 0
    private var impersonatedAgainAt: MonotonicNanoseconds = 0

    mutating func isDue(_ kind: Kind, at now: MonotonicNanoseconds) -> Bool {
        switch kind {
        case .messageRate: Self.isDue(&messageRateAgainAt, now)
        case .impersonated: Self.isDue(&impersonatedAgainAt, now)
        }
    }

    private static func isDue(_ againAt: inout MonotonicNanoseconds, _ now: MonotonicNanoseconds) -> Bool {
        guard now >= againAt else { return false }
        againAt = now + interval
        return true
    }
}

extension ConnectionHandler {
    func messageUnreadable(_ id: MessageID, _ flaw: CompressionFlaw) {
        perform(session.compressionFailed(id, flaw.explanation))
    }

    func messageRefusedByRate() { tell(once: .messageRate) }

    func tell(once misdeed: Misdeeds.Kind) {
        guard let agent = session.agent, misdeeds.isDue(misdeed, at: loop.now) else { return }
        let entry: ConnectionJournal.Entry =
            switch misdeed {
            case .messageRate: .messageRateExceeded(agent: agent)
            case .impersonated: .impersonated(agent: agent)
            }
        services.journal.write(entry, services.network.description)
    }
}
