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

    mutating func popFirst() -> OutboxMessage? {
        guard count > 0 else { return nil }
        var message = critical.popFirst()
        while message == nil {
            message = pop(Self.turns[turn])
            turn = (turn + 1) % Self.turns.count
        }
        count -= 1
        return message
    }

    private mutating func pop(_ lane: Lane) -> OutboxMessage? {
        switch lane {
        case .critical: critical.popFirst()
        case .high: high.popFirst()
        case .normal: normal.popFirst()
        case .low: low.popFirst()
        case .bulk: bulk.popFirst()
        }
    }
}
