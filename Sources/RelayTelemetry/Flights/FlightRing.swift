import Glibc
import RelayCore
import Synchronization
import WireProtocol

/// The records of one event loop, the newest over the oldest. That loop takes the lock once a tick, whoever searches
/// once for each piece, so that a search holds up no loop for longer than one piece takes.
final class FlightRing: Sendable {
    static let pieceRecords = 1_024

    private let state: Mutex<State>

    private struct State {
        let records: UnsafeMutablePointer<FlightRecord>
        let capacity: Int
        /// Of the next record.
        var place = 0
        /// Ever written.
        var total = 0
        /// Of messages whose recipient was connected, and of those that came out of the queue.
        var live = SlowestMessages()
        var queued = SlowestMessages()

        var kept: Int { min(total, capacity) }

        init?(capacity: Int) {
            // Zeroed pages that take no memory until they are written.
            guard let memory = calloc(capacity, MemoryLayout<FlightRecord>.stride) else { return nil }
            records = memory.bindMemory(to: FlightRecord.self, capacity: capacity)
            self.capacity = capacity
        }

        @inline(__always)
        mutating func append(_ record: FlightRecord) {
            (records + place).initialize(to: record)
            place = place &+ 1 == capacity ? 0 : place &+ 1
            total &+= 1
        }

        @inline(__always)
        mutating func take(relayed record: FlightRecord, latency: UInt64) {
            append(record)
            live.offer(record, latency: latency)
        }

        @inline(never)
        mutating func take(_ record: FlightRecord) {
            append(record)
            guard record.kind == .written, record.attempt == 1 else { return }
            if record.isQueued {
                queued.offer(record, latency: record.latency)
            } else {
                live.offer(record, latency: record.latency)
            }
        }

        func free() {
            Glibc.free(records)
            live.free()
            queued.free()
        }
    }

    /// nil where the system has not that much memory.
    init?(capacity: Int) {
        guard let state = State(capacity: max(1, capacity)) else { return nil }
        self.state = Mutex(state)
    }

    deinit { state.withLock { $0.free() } }

    func record(
        _ facts: UnsafeBufferPointer<MessageFact>,
        _ events: UnsafeBufferPointer<RelayEvent>,
        at now: MonotonicNanoseconds
    ) {
        let hasEvents = events.contains(where: FlightRecord.isKept)
        let first = facts.firstIndex(where: FlightRecord.isKept) ?? facts.endIndex
        guard hasEvents || first < facts.endIndex else { return }
        state.withLock { state in
            state.live.turn(to: now)
            state.queued.turn(to: now)
            var way = FlightWay()
            var latency: UInt64 = 0
            var place = first
            var endOfRun = first
            while place < facts.endIndex {
                // Nearly all there are: best-effort messages that one flush delivered share all but their identities.
                if case .settled(let identity, let timeline, .bestEffort, .delivered, _, _) = facts[place] {
                    if place >= endOfRun {
                        endOfRun = facts.endOfRun(from: place) { $0.isRelayed(timeline) }
                        way = FlightRecord(relayed: identity, timeline).way
                        latency = elapsed(timeline.received, timeline.written) ?? 0
                    }
                    state.take(relayed: FlightRecord(identity, way), latency: latency)
                } else if FlightRecord.isKept(facts[place]), let record = FlightRecord(facts[place], at: now) {
                    state.take(record)
                }
                place += 1
            }
            guard hasEvents else { return }
            for event in events {
                if let record = FlightRecord(event, at: now) { state.append(record) }
            }
        }
    }

    /// Gives out all records piece by piece, the newest piece first. What is overwritten meanwhile is left out.
    func read(_ body: (UnsafeBufferPointer<FlightRecord>) -> Void) {
        var end = Int.max
        while let next = read(before: end, body) { end = next }
    }

    /// - Parameter end: how many were ever written before the records asked for.
    /// - Returns: the same for the next piece; nil where there is none before `end`.
    func read(before end: Int, _ body: (UnsafeBufferPointer<FlightRecord>) -> Void) -> Int? {
        state.withLock { state in
            let (end, oldest) = (min(end, state.total), state.total - state.kept)
            guard end > oldest else { return nil }
            let last = (end - 1) % state.capacity
            let count = min(Self.pieceRecords, end - oldest, last + 1)
            body(UnsafeBufferPointer(start: state.records + (last + 1 - count), count: count))
            return end - count
        }
    }

    /// The slowest that were written from `start` on.
    func slowest(since start: MonotonicNanoseconds, at now: MonotonicNanoseconds, queued: Bool) -> [FlightRecord] {
        state.withLock { (queued ? $0.queued : $0.live).all(since: start, at: now) }
    }

    var kept: Int { state.withLock { $0.kept } }

    /// When the oldest record was written, where others were overwritten by now.
    var forgotBefore: MonotonicNanoseconds? {
        state.withLock { $0.total > $0.capacity ? $0.records[$0.place].time : nil }
    }
}
