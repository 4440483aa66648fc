import RelayCore
import WireProtocol

/// A transaction as it is reckoned between what the server found and what it is to write. Nobody else writes meanwhile.
struct QueueBatch {
    struct Totals: Equatable {
        var messages: Int
        var bytes: Int
        /// Queued.
        var exactlyOnce: Int
        var remembered: Int
        var lastSequence: Int64
        var anonymousPins: Int
    }

    struct Pair: Hashable {
        var recipient: AgentHash
        var sender: AgentHash
    }

    struct Load: Equatable {
        var messages: Int
        var bytes: Int
    }

    /// A message that is queued.
    struct Entry {
        var sequence: Int64
        var bytes: Int
        var isExactlyOnce: Bool
        /// Who put it.
        var relay: Int64
    }

    private let limits: QueueLimits
    private let before: Totals
    private(set) var totals: Totals
    private let clock: Int64
    let relay: Int64
    private(set) var shares: QueueShares
    // What the server found, and then as it is to be.
    var queued: [MessageKey: Entry] = [:]
    var remembered: [MessageKey: UnixMilliseconds] = [:]
    private(set) var recipients: [AgentHash: Load] = [:]
    private(set) var senders: [Pair: Int] = [:]

    /// Keys remembered until then are gone from the table.
    private var forgottenUntil: UnixMilliseconds = 0
    private var new: [Int64: Message] = [:]
    private(set) var changed: Set<Pair> = []
    private(set) var removed: [Int64] = []
    /// Keys that were put or removed.
    private(set) var touched: [MessageKey] = []
    private(set) var toRemember: [MessageKey: UnixMilliseconds] = [:]

    /// - Parameters:
    ///   - clock: microseconds of the server's, which sequences follow: above all that went before also where a
    ///     replica took over that had not seen the last of them.
    ///   - relay: whose transaction it is.
    init(_ totals: Totals, clock: Int64, limits: QueueLimits, relay: Int64, _ shares: QueueShares) {
        (self.totals, before, self.clock, self.limits) = (totals, totals, clock, limits)
        (self.relay, self.shares) = (relay, shares)
    }

    mutating func found(_ load: Load, of recipient: AgentHash) { recipients[recipient] = load }

    mutating func found(_ messages: Int, of pair: Pair) { senders[pair] = messages }

    mutating func forgot(_ keys: Int, until: UnixMilliseconds) {
        totals.remembered -= keys
        forgottenUntil = until
    }

    mutating func apply(_ operation: StoreOperation, now: UnixMilliseconds) -> StoreOutcome {
        switch operation {
        case .put(let message): put(message, now: now)
        case .remove(let key): remove(key, now: now) ? .removed : .absent
        }
    }

    private mutating func put(_ message: Message, now: UnixMilliseconds) -> StoreOutcome {
        let key = message.key
        let isExactlyOnce = message.mode == .exactlyOnce
        if queued[key] != nil || (isExactlyOnce && remembered[key] ?? 0 > now) { return .duplicate }
        if let limit = limit(reachedBy: message) { return .refused(limit) }
        let sequence = max(totals.lastSequence + 1, clock)
        totals.lastSequence = sequence
        new[sequence] = message
        queued[key] = Entry(
            sequence: sequence,
            bytes: message.byteCount,
            isExactlyOnce: isExactlyOnce,
            relay: relay
        )
        shares.put(bytes: message.byteCount)
        count(key, messages: 1, bytes: message.byteCount, isExactlyOnce: isExactlyOnce)
        return .stored(sequence: sequence)
    }

    /// In the order of the other back ends (`QueueCounts`).
    private func limit(reachedBy message: Message) -> QueueLimit? {
        let key = message.key
        if recipients[key.recipient]?.messages ?? 0 >= limits.maxMessagesPerAgent { return .messagesPerAgent }
        let held = senders[Pair(recipient: key.recipient, sender: key.sender)] ?? 0
        if held >= limits.maxMessagesPerSender { return .sharePerSender }
        if totals.bytes + message.byteCount > limits.maxTotalBytes { return .totalBytes }
        guard message.mode == .exactlyOnce else { return nil }
        return totals.exactlyOnce + totals.remembered >= limits.deduplicationMaxIDs ? .deduplicationIDs : nil
    }

    private mutating func remove(_ key: MessageKey, now: UnixMilliseconds) -> Bool {
        guard let entry = queued.removeValue(forKey: key) else { return false }
        if new.removeValue(forKey: entry.sequence) == nil { removed.append(entry.sequence) }
        shares.removed(entry.relay, bytes: entry.bytes)
        count(key, messages: -1, bytes: -entry.bytes, isExactlyOnce: entry.isExactlyOnce)
        guard entry.isExactlyOnce else { return true }
        let until = now + QueueLimits.deduplicationWindow
        let before = remembered.updateValue(until, forKey: key) ?? 0
        if before <= forgottenUntil { totals.remembered += 1 }
        toRemember[key] = until
        return true
    }

    private mutating func count(_ key: MessageKey, messages: Int, bytes: Int, isExactlyOnce: Bool) {
        touched.append(key)
        totals.messages += messages
        totals.bytes += bytes
        if isExactlyOnce { totals.exactlyOnce += messages }
        let load = recipients[key.recipient] ?? Load(messages: 0, bytes: 0)
        recipients[key.recipient] = Load(messages: load.messages + messages, bytes: load.bytes + bytes)
        let pair = Pair(recipient: key.recipient, sender: key.sender)
        senders[pair, default: 0] += messages
        changed.insert(pair)
    }

    mutating func pinned(withoutOrganisation change: Int) { totals.anonymousPins += change }

    mutating func takeOver(where isGone: (QueueShares.Relay) -> Bool) { shares.takeOver(where: isGone) }

    var hasChanged: Bool { totals != before || !changed.isEmpty || !shares.changed.isEmpty }

    /// By sequence, so that the table and the indexes by it are appended to.
    var added: [QueuedMessage] {
        new.keys.sorted().compactMap { sequence in
            new[sequence].map { QueuedMessage(sequence: sequence, message: $0) }
        }
    }
}
