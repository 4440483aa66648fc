import DequeModule
import RelayCore
import Synchronization
import WireProtocol

/// A row by what a queue is read in the order of: lane, then sequence.
struct QueuePlace: Comparable {
    private let rawValue: Int64

    // A million sequences a second reach 2^60 after 36,000 years.
    private static let sequenceBits = 60

    init(_ lane: Lane, _ sequence: Int64) { rawValue = Int64(lane.rawValue) << Self.sequenceBits | sequence }

    static func last(of lane: Lane) -> QueuePlace { QueuePlace(lane, 1 << sequenceBits - 1) }

    var sequence: Int64 { rawValue & (1 << Self.sequenceBits - 1) }

    static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// Which committed rows are whose: written by the writer after each commit, read by the reader. 8 to 16 bytes a
/// message, and about 160 for each agent with something queued.
final class QueueDirectory: Sendable {
    struct Queue: Sendable {
        private var places: Deque<QueuePlace> = []
        /// Of payload.
        private(set) var bytes = 0

        var count: Int { places.count }
    }

    private let queues = Mutex<[AgentHash: Queue]>([:])

    func apply(_ changes: [Ledger.Change]) {
        queues.withLock { queues in
            for change in changes {
                switch change {
                case .added(let entry): queues[entry.key.recipient, default: Queue()].add(entry)
                case .removed(let entry): Self.remove(entry, from: &queues)
                }
            }
        }
    }

    func replace(with entries: [AgentHash: Queue]) { queues.withLock { $0 = entries } }

    private static func remove(_ entry: QueueEntry, from queues: inout [AgentHash: Queue]) {
        guard let position = queues.index(forKey: entry.key.recipient) else { return }
        queues.values[position].remove(entry)
        if queues.values[position].count == 0 { queues.remove(at: position) }
    }

    /// The next sequences of a lane, at most `limit`.
    func sequences(of recipient: AgentHash, _ lane: Lane, past sequence: Int64, limit: Int) -> [Int64] {
        queues.withLock { queues in
            queues[recipient]?.sequences(lane, past: sequence, limit: limit) ?? []
        }
    }

    /// Holds the writer up meanwhile: 3 ms for 100,000 agents.
    func list(_ question: QueueListQuestion) -> (places: [QueueRanking.Place], agents: Int) {
        queues.withLock { queues in
            var ranking = QueueRanking(question)
            for (recipient, queue) in queues {
                ranking.consider(recipient, messages: queue.count, bytes: queue.bytes) { queue.firstSequence }
            }
            return (ranking.places, queues.count)
        }
    }

    func count(of recipient: AgentHash) -> Int { queues.withLock { $0[recipient]?.count ?? 0 } }

    /// The lowest sequence of all lanes.
    func firstSequence(of recipient: AgentHash) -> Int64? { queues.withLock { $0[recipient]?.firstSequence } }
}

extension QueueEntry {
    var place: QueuePlace { QueuePlace(lane, sequence) }
}

extension QueueDirectory.Queue {
    /// At the end but for messages of a higher lane than others that wait.
    mutating func add(_ entry: QueueEntry) {
        bytes += entry.bytes
        guard let last = places.last, entry.place < last else { return places.append(entry.place) }
        places.insert(entry.place, at: firstIndex(past: entry.place))
    }

    fileprivate mutating func remove(_ entry: QueueEntry) {
        let index = firstIndex(past: entry.place) - 1
        guard index >= 0, places[index] == entry.place else { return }
        places.remove(at: index)
        bytes -= entry.bytes
    }

    fileprivate func sequences(_ lane: Lane, past sequence: Int64, limit: Int) -> [Int64] {
        let first = firstIndex(past: QueuePlace(lane, sequence))
        let end = min(firstIndex(past: .last(of: lane)), first + limit)
        return first < end ? places[first..<end].map(\.sequence) : []
    }

    fileprivate var firstSequence: Int64? {
        Lane.allCases.compactMap { sequences($0, past: 0, limit: 1).first }.min()
    }

    /// The elements rise.
    private func firstIndex(past place: QueuePlace) -> Int {
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle] > place { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
