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
/// message, and about 150 for each agent with something queued.
final class QueueDirectory: Sendable {
    typealias Queue = Deque<QueuePlace>

    private let queues = Mutex<[AgentHash: Queue]>([:])

    func apply(_ changes: [Ledger.Change]) {
        queues.withLock { queues in
            for change in changes {
                switch change {
                case .added(let entry): queues[entry.key.recipient, default: []].add(entry.place)
                case .removed(let entry): Self.remove(entry, from: &queues)
                }
            }
        }
    }

    func replace(with entries: [AgentHash: Queue]) { queues.withLock { $0 = entries } }

    private static func remove(_ entry: QueueEntry, from queues: inout [AgentHash: Queue]) {
        guard let position = queues.index(forKey: entry.key.recipient) else { return }
        queues.values[position].remove(entry.place)
        if queues.values[position].isEmpty { queues.remove(at: position) }
    }

    /// The next sequences of a lane, at most `limit`.
    func sequences(of recipient: AgentHash, _ lane: Lane, past sequence: Int64, limit: Int) -> [Int64] {
        queues.withLock { queues in
            guard let queue = queues[recipient] else { return [] }
            let first = queue.firstIndex(past: QueuePlace(lane, sequence))
            let end = min(queue.firstIndex(past: .last(of: lane)), first + limit)
            return queue[first..<end].map(\.sequence)
        }
    }

    func count(of recipient: AgentHash) -> Int { queues.withLock { $0[recipient]?.count ?? 0 } }

    /// The lowest sequence of all lanes.
    func firstSequence(of recipient: AgentHash) -> Int64? {
        Lane.allCases.compactMap { sequences(of: recipient, $0, past: 0, limit: 1).first }.min()
    }
}

extension QueueEntry {
    var place: QueuePlace { QueuePlace(lane, sequence) }
}

extension QueueDirectory.Queue {
    /// At the end but for messages of a higher lane than others that wait.
    mutating func add(_ place: QueuePlace) {
        guard let last, place < last else { return append(place) }
        insert(place, at: firstIndex(past: place))
    }

    fileprivate mutating func remove(_ place: QueuePlace) {
        let index = firstIndex(past: place) - 1
        if index >= 0, self[index] == place { remove(at: index) }
    }

    /// The elements rise.
    fileprivate func firstIndex(past place: QueuePlace) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] > place { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
