import DequeModule
import RelayCore
import WireProtocol

/// Whose messages go to the spill, and what the primary store is still owed of them. A state machine without input or
/// output.
struct Diversions {
    /// Of one recipient, from the first batch that the primary failed until nothing of it is left in the spill.
    private struct Diversion {
        /// Counts batches given to the spill: what was read of it before one of them is not the last word.
        var version = 0
        var underWay = 0
        /// Removals that the primary has not made, and whether their message is counted there. The same key twice is
        /// one removal.
        var owed: [MessageKey: Bool] = [:]
    }

    /// Keys, each some 150 bytes: past it a removal fails, and its message is delivered again.
    static let maxOwed = 100_000

    private var diverted: [AgentHash: Diversion] = [:]
    private var owedCount = 0
    /// Owed removals of messages that the primary counts.
    private(set) var countedTwice = 0
    /// In this order they are moved back.
    private var turn: Deque<AgentHash> = []
    private(set) var isDraining = false

    var isEmpty: Bool { diverted.isEmpty }

    func isDiverted(_ agent: AgentHash) -> Bool { diverted[agent] != nil }

    mutating func divert(_ agent: AgentHash) {
        guard diverted[agent] == nil else { return }
        diverted[agent] = Diversion()
        turn.append(agent)
    }

    mutating func began(_ agents: Set<AgentHash>) {
        for agent in agents {
            divert(agent)
            diverted[agent]?.version += 1
            diverted[agent]?.underWay += 1
        }
    }

    mutating func ended(_ agents: Set<AgentHash>) {
        for agent in agents { diverted[agent]?.underWay -= 1 }
    }

    /// - Parameter isCounted: the spill had no such message, so that it is the primary's.
    /// - Returns: false where too much is owed already.
    mutating func owe(_ key: MessageKey, isCounted: Bool) -> Bool {
        guard isDiverted(key.recipient) else { return false }
        guard !isOwed(key) else { return true }
        guard owedCount < Self.maxOwed else { return false }
        diverted[key.recipient]?.owed[key] = isCounted
        owedCount += 1
        if isCounted { countedTwice += 1 }
        return true
    }

    func isOwed(_ key: MessageKey) -> Bool { diverted[key.recipient]?.owed[key] != nil }

    mutating func paid(_ keys: [MessageKey]) {
        for key in keys {
            guard let isCounted = diverted[key.recipient]?.owed.removeValue(forKey: key) else { continue }
            owedCount -= 1
            if isCounted { countedTwice -= 1 }
        }
    }

    /// One at a time moves messages back.
    mutating func beginDraining() -> Bool {
        guard !isDraining, !diverted.isEmpty else { return false }
        isDraining = true
        return true
    }

    mutating func stopDraining() { isDraining = false }

    /// Whose turn it is, with what is owed and by which mark `settled` knows whether more came meanwhile.
    func next() -> (agent: AgentHash, owed: [MessageKey], mark: Int?)? {
        guard let agent = turn.first, let diversion = diverted[agent] else { return nil }
        return (agent, Array(diversion.owed.keys.prefix(1_000)), diversion.underWay == 0 ? diversion.version : nil)
    }

    /// The next one's turn: this one's messages do not fit into the primary.
    mutating func pass(_ agent: AgentHash) {
        guard turn.first == agent else { return }
        turn.removeFirst()
        turn.append(agent)
    }

    /// The spill was found to hold nothing of it that is still to be delivered.
    /// - Returns: whether it is diverted no longer.
    mutating func settled(_ agent: AgentHash, mark: Int?) -> Bool {
        guard let diversion = diverted[agent], let mark, mark == diversion.version, diversion.owed.isEmpty else {
            return false
        }
        diverted[agent] = nil
        if turn.first == agent { turn.removeFirst() } else { turn.removeAll { $0 == agent } }
        return true
    }

    var agents: Int { diverted.count }
}
