import DequeModule
import WireProtocol

/// Messages by urgency (protocol section 6): critical first, then high, normal, low and bulk by 50/30/15/5, oldest
/// first within a lane.
struct Lanes {
    /// Turns of the four weighted lanes in one round of twenty: spread, so that no lane waits for a whole block.
    static let turns: [Lane] = [
        .high, .normal, .high, .normal, .high, .low, .high, .normal, .high, .bulk,
        .high, .normal, .high, .low, .high, .normal, .high, .normal, .high, .low,
    ]

    private var critical: Deque<OutboxMessage> = []
    private var high: Deque<OutboxMessage> = []
    private var normal: Deque<OutboxMessage> = []
    private var low: Deque<OutboxMessage> = []
    private var bulk: Deque<OutboxMessage> = []
    private var turn = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ message: OutboxMessage) {
        count += 1
        switch message.lane {
        case .critical: critical.append(message)
        case .high: high.append(message)
        case .normal: normal.append(message)
        case .low: low.append(message)
        case .bulk: bulk.append(message)
        }
    }

    /// - Parameter isReady: of the first of a lane; where it is not, the lane waits and the others go on.
    mutating func popFirst(where isReady: (OutboxMessage) -> Bool = { _ in true }) -> OutboxMessage? {
        guard count > 0 else { return nil }
        var message = Self.pop(&critical, isReady)
        var turnsLeft = Self.turns.count
        while message == nil, turnsLeft > 0 {
            message = pop(Self.turns[turn], isReady)
            turn = (turn + 1) % Self.turns.count
            turnsLeft -= 1
        }
        if message != nil { count -= 1 }
        return message
    }

    private mutating func pop(_ lane: Lane, _ isReady: (OutboxMessage) -> Bool) -> OutboxMessage? {
        switch lane {
        case .critical: Self.pop(&critical, isReady)
        case .high: Self.pop(&high, isReady)
        case .normal: Self.pop(&normal, isReady)
        case .low: Self.pop(&low, isReady)
        case .bulk: Self.pop(&bulk, isReady)
        }
    }

    private static func pop(
        _ messages: inout Deque<OutboxMessage>,
        _ isReady: (OutboxMessage) -> Bool
    ) -> OutboxMessage? {
        guard let first = messages.first, isReady(first) else { return nil }
        return messages.popFirst()
    }
}
