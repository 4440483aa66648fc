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
        var isStored = false
        /// Removals that the primary has not made.
        var owed: [MessageKey: Owed] = [:]
        /// Loads of the primary under way, and removals that were made since the first of them: pages may hold them.
        var loads = 0
        var paid: Set<MessageKey> = []

        var isIdle: Bool { underWay == 0 && owed.isEmpty && loads == 0 }
    }

    private struct Owed {
        /// The primary counts its message, as far as is known.
        var isCounted: Bool
        /// An earlier run owed it.
        var isFound: Bool
    }

    /// Keys, each some 150 bytes. Past it one is not kept, which costs a redelivery.
    static let maxOwed = 100_000
    static let payment = 1_000

    private var diverted: [AgentHash: Diversion] = [:]
    private(set) var owedCount = 0
    /// Owed removals of messages that the primary counts.
    private(set) var countedTwice = 0
    /// Of those that an earlier run left and that the primary still had.
    private(set) var foundTwice = 0
    /// In this order they are moved back.
    private var turn: Deque<AgentHash> = []
    private(set) var isDraining = false
    private var postponed: Set<AgentHash> = []

    var isEmpty: Bool { diverted.isEmpty }
    var agents: Int { diverted.count }

    func isDiverted(_ agent: AgentHash) -> Bool { diverted[agent] != nil }

    /// The file holds something of it, from an earlier run.
    mutating func found(_ agent: AgentHash) {
        divert(agent)
        diverted[agent]?.isStored = true
    }

    /// Removals that an earlier run owed.
    mutating func found(_ owed: [MessageKey: Bool]) {
        for (key, isCounted) in owed {
            divert(key.recipient)
            _ = owe(key, isCounted: isCounted, isFound: true)
        }
        foundTwice = countedTwice
    }

    private mutating func divert(_ agent: AgentHash) {
        guard diverted[agent] == nil else { return }
        diverted[agent] = Diversion()
        turn.append(agent)
    }

    /// A batch of theirs is to go to the spill.
    mutating func began(_ agents: Set<AgentHash>) {
        for agent in agents {
            divert(agent)
            diverted[agent]?.version += 1
            diverted[agent]?.underWay += 1
        }
    }

    /// It went there, or was given up.
    /// - Parameter stored: whose messages are in the file now.
    mutating func ended(_ agents: Set<AgentHash>, stored: Set<AgentHash> = []) {
        for agent in agents {
            diverted[agent]?.underWay -= 1
            if stored.contains(agent) { diverted[agent]?.isStored = true }
            // Or a relay whose primary is away would remember everybody that anybody wrote to.
            if let diversion = diverted[agent], diversion.isIdle, !diversion.isStored { remove(agent) }
        }
    }

    /// - Parameter isCounted: the spill had no such message, so that it is the primary's.
    /// - Returns: false where too much is owed already.
    mutating func owe(_ key: MessageKey, isCounted: Bool, isFound: Bool = false) -> Bool {
        guard isDiverted(key.recipient) else { return false }
        guard diverted[key.recipient]?.owed[key] == nil else { return true }
        guard owedCount < Self.maxOwed else { return false }
        diverted[key.recipient]?.owed[key] = Owed(isCounted: isCounted, isFound: isFound)
        owedCount += 1
        if isCounted { countedTwice += 1 }
        return true
    }

    /// Some of all that is owed, of whomever: a full primary empties by it.
    var payable: [MessageKey] {
        guard owedCount > 0 else { return [] }
        let due = diverted.lazy.filter { !$0.value.owed.isEmpty && !postponed.contains($0.key) }
        return Array(due.flatMap(\.value.owed.keys).prefix(Self.payment))
    }

    /// The part of the primary that these agents are in is away: they are left out until the next time.
    mutating func postpone(_ agents: some Sequence<AgentHash>) { postponed.formUnion(agents) }

    /// - Returns: how many of them the primary removed though it was not known to have them.
    mutating func paid(_ keys: [MessageKey], removed: [Bool]) -> Int {
        var unknown = 0
        for (key, wasThere) in zip(keys, removed) {
            guard let owed = diverted[key.recipient]?.owed.removeValue(forKey: key) else { continue }
            owedCount -= 1
            if owed.isCounted { countedTwice -= 1 } else if wasThere { unknown += 1 }
            // Paid before, or gone otherwise: the primary did not count it when it was found.
            if owed.isCounted, owed.isFound, !wasThere { foundTwice -= 1 }
            if diverted[key.recipient]?.loads ?? 0 > 0 { diverted[key.recipient]?.paid.insert(key) }
        }
        return unknown
    }

    /// One at a time moves messages back.
    mutating func beginDraining() -> Bool {
        guard !isDraining, !diverted.isEmpty else { return false }
        isDraining = true
        postponed = []
        return true
    }

    mutating func stopDraining() { isDraining = false }

    /// Whose turn it is, and by which mark `settled` knows whether more came meanwhile.
    func next() -> (agent: AgentHash, mark: Int?)? {
        guard let agent = turn.first, let diversion = diverted[agent] else { return nil }
        return (agent, diversion.underWay == 0 ? diversion.version : nil)
    }

    /// The same, past those who are to wait: the postponed, and who owes removals. One of these may be of the same key
    /// as a message of theirs.
    /// - Parameter passed: agents in a row of whom nothing could be moved.
    mutating func next(passing passed: inout Int) -> (agent: AgentHash, mark: Int?)? {
        while passed < agents, let next = next() {
            if !postponed.contains(next.agent), diverted[next.agent]?.owed.isEmpty ?? true { return next }
            pass(next.agent)
            passed += 1
        }
        return nil
    }

    /// The next one's turn: this one's messages do not fit into the primary, or fail there.
    mutating func pass(_ agent: AgentHash) {
        guard turn.first == agent else { return }
        turn.removeFirst()
        turn.append(agent)
    }

    /// The spill was found to hold nothing of it.
    /// - Returns: whether it is diverted no longer.
    mutating func settled(_ agent: AgentHash, mark: Int?) -> Bool {
        guard let diversion = diverted[agent], let mark, mark == diversion.version, diversion.isIdle else {
            return false
        }
        remove(agent)
        return true
    }

    private mutating func remove(_ agent: AgentHash) {
        diverted[agent] = nil
        if turn.first == agent { turn.removeFirst() } else { turn.removeAll { $0 == agent } }
    }
}

extension Diversions {
    mutating func loadBegan(_ agent: AgentHash) { diverted[agent]?.loads += 1 }

    /// A page of the primary for a recipient that was diverted when it was asked for: without what was acknowledged
    /// meanwhile, and never the last one, since more comes from the spill. An empty one is a failure, which its reader
    /// tries again a second later.
    mutating func loadEnded(
        _ agent: AgentHash,
        _ result: Result<QueuePage, StoreFailure>
    ) -> Result<QueuePage, StoreFailure> {
        let diversion = diverted[agent]
        diverted[agent]?.loads -= 1
        if diverted[agent]?.loads == 0 { diverted[agent]?.paid = [] }
        return result.flatMap { page in
            let messages = page.messages.filter { queued in
                let key = queued.message.key
                return diversion?.owed[key] == nil && diversion?.paid.contains(key) != true
            }
            guard !messages.isEmpty else { return .failure(SpillingStore.waiting) }
            return .success(QueuePage(messages: messages, isLast: false))
        }
    }

    /// What the primary found expired: without what was owed, which is told already.
    /// - Returns: with them how many of the owed the primary was not known to have.
    mutating func expired(_ keys: [MessageKey]) -> (told: [MessageKey], owed: [MessageKey], unknown: Int) {
        guard owedCount > 0 else { return (keys, [], 0) }
        let owed = keys.filter { diverted[$0.recipient]?.owed[$0] != nil }
        let unknown = paid(owed, removed: owed.map { _ in true })
        let known = Set(owed)
        return (keys.filter { !known.contains($0) }, owed, unknown)
    }
}
