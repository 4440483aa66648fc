import HeapModule
public import WireProtocol

/// Which agents' queues are asked for.
public struct QueueListQuestion: Sendable, Equatable {
    public enum Order: String, Sendable, CaseIterable {
        /// The most first.
        case messages, bytes
        /// The queue whose first message was stored longest ago first.
        case age
        /// By hash: for who wants all of them, page by page.
        case agent
    }

    public var order: Order
    public var limit: Int
    /// Those behind this one; in the order of hashes only.
    public var after: AgentHash?

    public init(order: Order, limit: Int, after: AgentHash? = nil) {
        (self.order, self.limit, self.after) = (order, limit, after)
    }
}

public struct QueueList: Sendable, Equatable {
    public struct Queue: Sendable, Equatable {
        public var recipient: AgentHash
        public var messages: Int
        /// Of payload.
        public var bytes: Int
        /// Of the message stored first.
        public var oldestAcceptedAt: UnixMilliseconds?

        public init(recipient: AgentHash, messages: Int, bytes: Int, oldestAcceptedAt: UnixMilliseconds?) {
            (self.recipient, self.messages, self.bytes) = (recipient, messages, bytes)
            self.oldestAcceptedAt = oldestAcceptedAt
        }
    }

    public var queues: [Queue]
    /// Agents with something queued, all of them.
    public var agents: Int

    public init(queues: [Queue], agents: Int) { (self.queues, self.agents) = (queues, agents) }
}

/// The first queues of an order out of any number of them: shared by the back ends, so that they order alike.
package struct QueueRanking {
    package struct Place: Comparable {
        package var recipient: AgentHash
        package var messages: Int
        package var bytes: Int
        /// Of the message stored first; 0 where it was not asked for.
        package var firstSequence: Int64
        fileprivate var key: UInt64

        package static func < (a: Self, b: Self) -> Bool {
            a.key != b.key ? a.key < b.key : a.recipient < b.recipient
        }
    }

    private let question: QueueListQuestion
    private var first = Heap<Place>()

    package init(_ question: QueueListQuestion) { self.question = question }

    /// - Parameter firstSequence: asked for where the order needs it.
    package mutating func consider(
        _ recipient: AgentHash,
        messages: Int,
        bytes: Int,
        firstSequence: () -> Int64?
    ) {
        if question.order == .agent, let after = question.after, recipient <= after { return }
        var place = Place(recipient: recipient, messages: messages, bytes: bytes, firstSequence: 0, key: 0)
        switch question.order {
        case .messages: place.key = ~UInt64(messages)
        case .bytes: place.key = ~UInt64(bytes)
        case .age:
            place.firstSequence = firstSequence() ?? .max
            place.key = UInt64(place.firstSequence)
        case .agent: break
        }
        if first.count < max(1, question.limit) {
            first.insert(place)
        } else if let last = first.max, place < last {
            first.replaceMax(with: place)
        }
    }

    /// In the order asked for.
    package var places: [Place] { first.unordered.sorted() }
}
