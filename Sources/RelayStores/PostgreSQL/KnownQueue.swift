import RelayCore
import WireProtocol

/// What this relay's last transactions found and left in the tables. It holds for as long as nobody else wrote, which
/// the row of `totals` tells behind its lock: every transaction that changes the queue writes it.
struct KnownQueue {
    /// Of each kind; past it that kind is looked up again.
    private static let most = 65_536
    /// Where relays take turns, what one knows is old every time: so many transactions ask for everything then.
    private static let pause = 16

    private(set) var entries: [MessageKey: QueueBatch.Entry] = [:]
    /// None of either is known as well.
    private(set) var recipients: [AgentHash: QueueBatch.Load] = [:]
    private(set) var senders: [QueueBatch.Pair: Int] = [:]
    /// The transaction that wrote last. nil while one of ours is under way, and after it failed.
    private var writer: Int64?
    private var pause = 0

    mutating func forget() { self = KnownQueue(pause: pause) }

    private init(pause: Int) { self.pause = pause }

    init() {}

    /// - Parameter writer: who wrote last, as a transaction finds it.
    /// - Returns: whether all that is known holds.
    mutating func holds(after writer: Int64) -> Bool {
        defer { self.writer = nil }
        guard writer != self.writer else { return true }
        pause = recipients.isEmpty ? max(0, pause - 1) : Self.pause
        forget()
        return false
    }

    /// - Parameter writer: who wrote last now.
    mutating func learn(from batch: QueueBatch, writer: Int64) {
        self.writer = writer
        guard pause == 0 else { return forget() }
        if entries.count > Self.most { entries = [:] }
        if recipients.count > Self.most { recipients = [:] }
        if senders.count > Self.most { senders = [:] }
        for key in batch.touched { entries[key] = batch.queued[key] }
        recipients.merge(batch.recipients) { $1 }
        senders.merge(batch.senders) { $1 }
    }
}
