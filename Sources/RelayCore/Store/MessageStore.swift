public import WireProtocol

/// Where accepted messages wait for their recipients, and the keys pinned to agent ids are kept.
///
/// The contract, held by one test suite over every back end:
/// - A batch is applied in order and as a whole: its completion reports success only when every operation of it is
///   durable (as far as the back end can be: memory is not), and after a failure none of it is visible. One
///   reservation: a commit that failed on its way to the disk may turn out to have arrived when the back end is opened
///   again. A message reported as failed may then be delivered; one reported as stored is never missing. A back end in
///   parts applies a batch to each as a whole, all operations of a recipient to the same one, and says of each
///   operation whether its part failed.
/// - Batches of one caller are applied in the order of their submission.
/// - Sequences rise with every message stored for a recipient, over restarts too.
/// - A put over a limit, or of a key that is queued already, is an outcome of that operation and fails no batch. A key
///   that is queued is a duplicate even where a limit is reached too.
/// - `load` returns messages by lane in the order of the cursor, within a lane by sequence, never one with
///   `expiresAt <= now`. It sees every batch whose completion ran before it was called.
/// - Messages past their `expiresAt` count towards limits and totals until `expire` removes them.
/// - Completions run once each, on any thread (the caller's included, before the call returns), and hold up the store
///   while they run. Those of commits and expiries that succeeded run in the order in which they were applied;
///   otherwise there is no order between different calls.
public protocol MessageStore: AnyObject, Sendable {
    /// - Parameters:
    ///   - now: what the 24 hours of exactly-once keys are counted by.
    ///   - call: is told what was done before the completion runs, as with `load`; nil where nobody asks.
    func commit(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        call: StoreCall?,
        completion: @escaping @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    )

    /// Up to `maxMessages` and `maxBytes` of payload (always at least one message where there is one), past `cursor`.
    func load(
        _ recipient: AgentHash,
        past cursor: QueueCursor,
        maxMessages: Int,
        maxBytes: Int,
        now: UnixMilliseconds,
        call: StoreCall?,
        completion: @escaping @Sendable (Result<QueuePage, StoreFailure>) -> Void
    )

    /// What AUTH_OK tells a returning agent.
    func status(
        of recipient: AgentHash,
        completion: @escaping @Sendable (Result<QueueStatus, StoreFailure>) -> Void
    )

    /// Removes messages with `expiresAt <= now`, the longest expired first, at most `limit`, durably, and returns them.
    /// Forgets what is older than the exactly-once window too: to be called every few seconds also where no message
    /// ever expires.
    func expire(
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    )

    /// Claims an agent id for a key; the first claim stands (protocol section 5).
    func pin(
        _ claim: KeyClaim,
        completion: @escaping @Sendable (Result<KeyClaimOutcome, StoreFailure>) -> Void
    )

    /// Whose queues there are, the first of an order. For operators: it looks at every agent with something queued.
    func queues(
        _ question: QueueListQuestion,
        completion: @escaping @Sendable (Result<QueueList, StoreFailure>) -> Void
    )

    /// Removes messages of an agent's queue, at most `limit`, durably, and returns them; fewer than `limit` where none
    /// is left. Its completions keep the order of those of commits.
    func purge(
        _ recipient: AgentHash,
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    )

    /// The key an agent id is pinned to; nil for none.
    func pinnedKey(
        of agent: AgentHash,
        completion: @escaping @Sendable (Result<PinnedKey?, StoreFailure>) -> Void
    )

    /// Forgets that key, and its organisation: the next claim stands. A damaged pin goes too, and is told as none.
    func unpin(
        _ agent: AgentHash,
        completion: @escaping @Sendable (Result<PinnedKey?, StoreFailure>) -> Void
    )

    /// Counted in the store's own tables and cheap: read at every scrape.
    var totals: StoreTotals { get }

    /// What readiness asks. Failing from the first use of the back end that failed until the next one that succeeded.
    var health: StoreHealth { get }

    /// Completes what was submitted, then lets go of the back end. Later calls fail with `closed`; closing again
    /// completes once the first did.
    func close(completion: @escaping @Sendable () -> Void)
}

extension MessageStore {
    public func commit(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        completion: @escaping @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    ) {
        commit(batch, now: now, call: nil, completion: completion)
    }

    public func load(
        _ recipient: AgentHash,
        past cursor: QueueCursor,
        maxMessages: Int,
        maxBytes: Int,
        now: UnixMilliseconds,
        completion: @escaping @Sendable (Result<QueuePage, StoreFailure>) -> Void
    ) {
        load(
            recipient,
            past: cursor,
            maxMessages: maxMessages,
            maxBytes: maxBytes,
            now: now,
            call: nil,
            completion: completion
        )
    }
}

public enum StoreOperation: Sendable {
    case put(Message)
    /// The recipient acknowledged it, or it was dropped.
    case remove(MessageKey)
}

public enum StoreOutcome: Sendable, Equatable {
    case stored(sequence: Int64)
    /// The key is queued already, or the message is to be delivered exactly once and one of its key, exactly once too,
    /// left the queue (acknowledged, dropped or expired) within the last 24 hours.
    case duplicate
    case refused(QueueLimit)
    case removed
    /// Nothing to remove.
    case absent
    /// The back end is in parts, and this operation's failed: as if its batch had, while others of the batch succeeded.
    case failed(StoreFailure)
}

extension StoreOutcome {
    package var failure: StoreFailure? { if case .failed(let failure) = self { failure } else { nil } }

    package var isFailed: Bool { failure != nil }
}

public enum QueueLimit: String, Sendable, CaseIterable {
    case messagesPerAgent = "max_messages_per_agent"
    case totalBytes = "max_total_size_bytes"
    case sharePerSender = "max_share_per_sender"
    case deduplicationIDs = "dedup_max_ids"
}

/// How far a recipient's queue was read, the last sequence taken of each lane, and in which order to go on.
public struct QueueCursor: Sendable, Equatable {
    /// Whose turn it is after the critical lane.
    public var first = Lane.high
    private var lanes: (Int64, Int64, Int64, Int64, Int64) = (0, 0, 0, 0, 0)

    public static let start = QueueCursor()

    public init() {}

    public subscript(lane: Lane) -> Int64 {
        get {
            switch lane {
            case .critical: lanes.0
            case .high: lanes.1
            case .normal: lanes.2
            case .low: lanes.3
            case .bulk: lanes.4
            }
        }
        set {
            switch lane {
            case .critical: lanes.0 = newValue
            case .high: lanes.1 = newValue
            case .normal: lanes.2 = newValue
            case .low: lanes.3 = newValue
            case .bulk: lanes.4 = newValue
            }
        }
    }

    /// Critical, the lane whose turn it is, then the others, higher ones first.
    public var order: [Lane] { [.critical, first] + Lane.allCases.filter { $0 != .critical && $0 != first } }

    public static func == (lhs: Self, rhs: Self) -> Bool { lhs.lanes == rhs.lanes && lhs.first == rhs.first }
}

public struct QueuedMessage: Sendable, Equatable {
    public var sequence: Int64
    public var message: Message

    public init(sequence: Int64, message: Message) {
        self.sequence = sequence
        self.message = message
    }
}

public struct QueuePage: Sendable, Equatable {
    public var messages: [QueuedMessage]
    /// Nothing lies past this page now.
    public var isLast: Bool

    public init(messages: [QueuedMessage], isLast: Bool) {
        self.messages = messages
        self.isLast = isLast
    }
}

public struct QueueStatus: Sendable, Equatable {
    public var messages: Int
    /// Of the message stored first.
    public var oldestAcceptedAt: UnixMilliseconds?

    public init(messages: Int, oldestAcceptedAt: UnixMilliseconds?) {
        self.messages = messages
        self.oldestAcceptedAt = oldestAcceptedAt
    }
}

/// An agent id claimed by a key, by itself (`org` nil) or by an organisation's attestation, which overrides a pin
/// made without one but never another organisation's.
public struct KeyClaim: Sendable, Equatable {
    public var agent: AgentHash
    /// Raw Ed25519 public key, 32 bytes.
    public var publicKey: [UInt8]
    public var org: String?
    /// Pins without an organisation are refused past this number.
    public var maxAnonymousPins: Int

    public init(agent: AgentHash, publicKey: [UInt8], org: String?, maxAnonymousPins: Int) {
        self.agent = agent
        self.publicKey = publicKey
        self.org = org
        self.maxAnonymousPins = maxAnonymousPins
    }
}

public enum KeyClaimOutcome: Sendable, Equatable {
    /// New, or the same claim as before, or an attestation that took over an anonymous pin or renewed its own key.
    case held
    case pinnedToAnotherKey
    case ownedByAnotherOrg
    case tooManyPins
}

public struct StoreTotals: Sendable, Equatable {
    public var messages: Int
    /// Of payload.
    public var bytes: Int
    /// Of the message stored first.
    public var oldestAcceptedAt: UnixMilliseconds?
    /// Messages found at open, damaged ones included: the `recovered` term of conservation. Where the back end was
    /// opened again meanwhile, plus what it held then beyond what was known (less, where it held fewer).
    public var recovered: Int
    /// nil where no other relay has its messages here: all are this one's.
    public var own: Share?

    /// What of a shared back end this relay counts: summed over relays, each message once.
    public struct Share: Sendable, Equatable {
        public var messages: Int
        public var bytes: Int
        /// Removed by this relay and counted by another until then.
        public var takenOver: Int
        /// Counted by this relay until another removed them, or counts them now.
        public var handedOver: Int

        public init(messages: Int, bytes: Int, takenOver: Int, handedOver: Int) {
            self.messages = messages
            self.bytes = bytes
            self.takenOver = takenOver
            self.handedOver = handedOver
        }
    }

    public init(messages: Int = 0, bytes: Int = 0, oldestAcceptedAt: UnixMilliseconds? = nil, recovered: Int = 0) {
        self.messages = messages
        self.bytes = bytes
        self.oldestAcceptedAt = oldestAcceptedAt
        self.recovered = recovered
    }
}

public struct QueueLimits: Sendable, Equatable {
    public var maxMessagesPerAgent: Int
    public var maxTotalBytes: Int
    /// 0...1 of `maxMessagesPerAgent` that one sender may hold of a recipient's queue.
    public var maxSharePerSender: Double
    /// Keys of exactly-once messages, queued and remembered together: one queued will have to be remembered.
    public var deduplicationMaxIDs: Int

    /// How long an exactly-once key is remembered after its message left the queue: 24 hours.
    public static let deduplicationWindow: UnixMilliseconds = 24 * 3600 * 1000

    /// What a store that keeps an entry of each message in memory takes at least, however small its bound in bytes.
    public static let minMessages = 65_536

    /// What such a store takes: one for each KiB.
    public var maxMessages: Int { max(Self.minMessages, maxTotalBytes / 1024) }

    /// What one sender may hold of a recipient's queue.
    public var maxMessagesPerSender: Int { max(1, Int(Double(maxMessagesPerAgent) * maxSharePerSender)) }

    public init(
        maxMessagesPerAgent: Int = 10_000,
        maxTotalBytes: Int = 10 << 30,
        maxSharePerSender: Double = 0.1,
        deduplicationMaxIDs: Int = 1_000_000
    ) {
        self.maxMessagesPerAgent = maxMessagesPerAgent
        self.maxTotalBytes = maxTotalBytes
        self.maxSharePerSender = maxSharePerSender
        self.deduplicationMaxIDs = deduplicationMaxIDs
    }
}

public enum StoreHealth: Sendable, Equatable {
    case ok
    case failing(reason: String, since: MonotonicNanoseconds)
}

/// The batch or query did not happen. What failed is worth trying again unless `closed`.
public enum StoreFailure: Error, Sendable, Equatable {
    case unavailable(reason: String)
    case diskFull
    /// The server is at the bound of its memory.
    case memoryFull(reason: String)
    case closed
}
