import DequeModule
import HeapModule
import WireProtocol

/// Every message that was given to `send` and is not settled: what waits for a connection, and what a connection
/// carried and nobody acknowledged. Times are monotonic nanoseconds.
struct SendQueue: Sendable {
    struct Settled: Equatable, Sendable {
        var id: MessageID
        var result: Result<Receipt, SendError>
    }

    enum Next: Equatable, Sendable {
        /// Write it. Where a result comes with it, nobody will acknowledge it.
        case write(OutgoingMessage, Settled?)
        case failed(Settled)
    }

    private struct Entry: Sendable {
        var message: OutgoingMessage
        var number: UInt64
        var attempts = 0
        /// The current connection carried it.
        var isWritten = false
    }

    private struct Place: Sendable {
        var id: MessageID
        var number: UInt64
    }

    private struct Due: Comparable, Sendable {
        var deadline: UInt64
        var place: Place

        static func < (lhs: Due, rhs: Due) -> Bool { lhs.deadline < rhs.deadline }
        static func == (lhs: Due, rhs: Due) -> Bool { lhs.deadline == rhs.deadline }
    }

    private let maxBytes: Int
    private var entries: [MessageID: Entry] = [:]
    /// Places of entries that are gone or written stay until they are reached, or outnumber the others.
    private var unsent: Deque<Place> = []
    private var due: Heap<Due> = []
    private var lastNumber: UInt64 = 0
    private(set) var bytes = 0
    /// Written on this connection and not settled.
    private(set) var unacknowledged = 0
    /// Sends that found the queue full.
    private(set) var overflows: UInt64 = 0

    init(maxBytes: Int) { self.maxBytes = maxBytes }

    var count: Int { entries.count }
    /// Places and deadlines that are kept, those of settled messages among them.
    var leftovers: Int { unsent.count + due.count }

    /// When to call `timePassed`, at the latest.
    var nextDeadline: UInt64? { due.min?.deadline }

    mutating func append(_ message: OutgoingMessage, deadline: UInt64) throws(SendError) {
        let id = message.routing.id
        guard entries[id] == nil else { throw .idInUse }
        guard message.payloadBytes(traced: true) <= FrameHeader.maxPayloadBytes else {
            throw .tooLarge(maxPayloadBytes: FrameHeader.maxPayloadBytes)
        }
        // One that is alone always fits: else a message over the limit could never be sent.
        guard entries.isEmpty || bytes + message.chargedBytes <= maxBytes else {
            overflows += 1
            throw .queueFull(maxBytes: maxBytes)
        }
        lastNumber += 1
        let place = Place(id: id, number: lastNumber)
        entries[id] = Entry(message: message, number: lastNumber)
        bytes += message.chargedBytes
        unsent.append(place)
        due.insert(Due(deadline: deadline, place: place))
    }

    /// The oldest that no connection carries; nil where there is none.
    mutating func next(_ terms: SessionTerms) -> Next? {
        while let place = unsent.popFirst() {
            guard isUnsent(place), let entry = entries[place.id] else { continue }
            let traced = terms.extensions.contains(.traceContext)
            guard entry.message.payloadBytes(traced: traced) <= terms.maxPayloadBytes else {
                return .failed(settle(place.id, .failure(.tooLarge(maxPayloadBytes: terms.maxPayloadBytes))))
            }
            return .write(entry.message, written(place.id, attempts: entry.attempts + 1))
        }
        return nil
    }

    private mutating func written(_ id: MessageID, attempts: Int) -> Settled? {
        guard entries[id]?.message.mode != .bestEffort else {
            return settle(id, .success(Receipt(id: id, outcome: .written, attempts: attempts)))
        }
        entries[id]?.attempts = attempts
        entries[id]?.isWritten = true
        unacknowledged += 1
        return nil
    }

    mutating func acknowledged(_ ids: [MessageID], _ type: AckType) -> [Settled] {
        ids.compactMap { id in
            guard let entry = entries[id] else { return nil }
            return settle(id, .success(Receipt(id: id, outcome: .acknowledged(type), attempts: entry.attempts)))
        }
    }

    /// - Parameter isGoingAway: the relay sent GOAWAY, so that what it is too late for goes to the next connection.
    mutating func refused(_ nack: Nack, isGoingAway: Bool) -> Settled? {
        guard let entry = entries[nack.messageID] else { return nil }
        guard isGoingAway, nack.knownCode == .draining else {
            return settle(nack.messageID, .failure(.notAccepted(nack)))
        }
        if entry.isWritten { unacknowledged -= 1 }
        entries[nack.messageID]?.isWritten = false
        return nil
    }

    /// Whatever is not settled is to be written again, in the order it came.
    mutating func connectionLost() {
        unacknowledged = 0
        for id in entries.keys { entries[id]?.isWritten = false }
        unsent = Deque(
            entries.map { Place(id: $0.key, number: $0.value.number) }.sorted { $0.number < $1.number }
        )
    }

    mutating func timePassed(at now: UInt64) -> [Settled] {
        var settled: [Settled] = []
        while let first = due.min, first.deadline <= now {
            due.removeMin()
            guard let entry = entries[first.place.id], entry.number == first.place.number else { continue }
            settled.append(settle(first.place.id, .failure(.timedOut(wasWritten: entry.attempts > 0))))
        }
        return settled
    }

    mutating func cancelled(_ id: MessageID) -> Settled? {
        entries[id] == nil ? nil : settle(id, .failure(.cancelled))
    }

    mutating func ended(_ error: SendError) -> [Settled] {
        Array(entries.keys).map { settle($0, .failure(error)) }
    }

    private mutating func settle(_ id: MessageID, _ result: Result<Receipt, SendError>) -> Settled {
        if let entry = entries.removeValue(forKey: id) {
            bytes -= entry.message.chargedBytes
            if entry.isWritten { unacknowledged -= 1 }
        }
        compact()
        return Settled(id: id, result: result)
    }

    private func isUnsent(_ place: Place) -> Bool {
        guard let entry = entries[place.id] else { return false }
        return entry.number == place.number && !entry.isWritten
    }

    /// Keeps what is left behind by settled entries below what is alive: the queue's bound holds for them too.
    private mutating func compact() {
        if unsent.count > 2 * entries.count + 64 { unsent = Deque(unsent.filter(isUnsent)) }
        if due.count > 2 * entries.count + 64 {
            due = Heap(due.unordered.filter { entries[$0.place.id]?.number == $0.place.number })
        }
    }
}
