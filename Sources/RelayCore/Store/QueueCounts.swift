import WireProtocol

/// What is queued, counted for the limits. Bounded by what is queued: a recipient or sender with nothing there has no
/// entry.
public struct QueueCounts: Sendable {
    private struct Pair: Hashable {
        var recipient: AgentHash
        var sender: AgentHash

        func _rawHashValue(seed: Int) -> Int {
            sender._rawHashValue(seed: recipient._rawHashValue(seed: seed))
        }
    }

    public private(set) var messages = 0
    /// Of payload.
    public private(set) var bytes = 0
    private(set) var ofRecipient: [AgentHash: (messages: Int, bytes: Int)] = [:]
    private var ofPair: [Pair: Int] = [:]

    public init() {}

    /// The limit that one more message would break.
    public func limit(reachedBy key: MessageKey, bytes added: Int, under limits: QueueLimits) -> QueueLimit? {
        if ofRecipient[key.recipient]?.messages ?? 0 >= limits.maxMessagesPerAgent { return .messagesPerAgent }
        let held = ofPair[Pair(recipient: key.recipient, sender: key.sender), default: 0]
        if held >= limits.maxMessagesPerSender { return .sharePerSender }
        return bytes + added > limits.maxTotalBytes ? .totalBytes : nil
    }

    public mutating func add(_ key: MessageKey, bytes added: Int) {
        messages += 1
        bytes += added
        let load = ofRecipient[key.recipient] ?? (0, 0)
        ofRecipient[key.recipient] = (load.messages + 1, load.bytes + added)
        ofPair[Pair(recipient: key.recipient, sender: key.sender), default: 0] += 1
    }

    public mutating func remove(_ key: MessageKey, bytes removed: Int) {
        messages -= 1
        bytes -= removed
        if let load = ofRecipient[key.recipient] {
            ofRecipient[key.recipient] = load.messages > 1 ? (load.messages - 1, load.bytes - removed) : nil
        }
        Self.decrement(&ofPair[Pair(recipient: key.recipient, sender: key.sender)])
    }

    private static func decrement(_ count: inout Int?) {
        guard let known = count else { return }
        count = known > 1 ? known - 1 : nil
    }
}
