import RelayCore
import WireProtocol

/// What came of the pages so far: the last word on each agent, since one may be on two pages where its first message
/// left meanwhile. Of one queue after another where there are several.
struct QueueListing: Sendable {
    private let question: QueueListQuestion
    private let byAcceptance: Bool
    private var loads: [AgentHash: QueueLoad] = [:]
    /// Of the sorted set.
    private(set) var after = "-inf"

    /// - Parameter byAcceptance: of servers whose sequences say nothing about each other's.
    init(_ question: QueueListQuestion, byAcceptance: Bool = false) {
        (self.question, self.byAcceptance) = (question, byAcceptance)
    }

    /// By age the first page has the answer.
    var isComplete: Bool { question.order == .age }

    var pageSize: Int { isComplete ? max(1, question.limit) : 1_000 }

    mutating func add(_ page: [QueueLoad]) {
        for load in page { loads[load.recipient] = load }
        if let last = page.last { after = "(\(last.firstSequence)" }
    }

    /// For the next queue, from its beginning.
    func begun() -> QueueListing {
        var listing = self
        listing.after = "-inf"
        return listing
    }

    func list(of agents: Int) -> QueueList {
        var ranking = QueueRanking(question)
        for load in loads.values {
            ranking.consider(load.recipient, messages: load.messages, bytes: load.bytes) {
                byAcceptance ? load.oldestAcceptedAt.map { Int64(clamping: $0) } : load.firstSequence
            }
        }
        let queues = ranking.places.map { place in
            QueueList.Queue(
                recipient: place.recipient,
                messages: place.messages,
                bytes: place.bytes,
                oldestAcceptedAt: loads[place.recipient]?.oldestAcceptedAt
            )
        }
        return QueueList(queues: queues, agents: agents)
    }
}
