import Foundation
import RelayCore

/// What the observers of all loops of a relay heard, for a test to wait on.
final class EventLog: @unchecked Sendable {
    // Sendable by its lock: `events` and `facts` are touched under it only.
    private let condition = NSCondition()
    private var events: [RelayEvent] = []
    private var facts: [MessageFact] = []

    struct NeverCame: Error, CustomStringConvertible {
        let description: String
    }

    func append(_ facts: UnsafeBufferPointer<MessageFact>, _ events: UnsafeBufferPointer<RelayEvent>) {
        condition.lock()
        self.facts += facts
        self.events += events.filter { if case .eventLoopLagged = $0 { false } else { true } }
        condition.broadcast()
        condition.unlock()
    }

    var all: [RelayEvent] {
        condition.lock()
        defer { condition.unlock() }
        return events
    }

    /// Returns once `count` events are such; the events so far.
    @discardableResult
    func wait(_ count: Int = 1, where matches: (RelayEvent) -> Bool) throws -> [RelayEvent] {
        try wait { events, _ in events.count(where: matches) >= count }
        return all
    }

    func wait(for event: RelayEvent, _ count: Int = 1) throws { try wait(count) { $0 == event } }

    func waitForMessages(_ count: Int, where matches: (MessageFact) -> Bool) throws {
        try wait { _, facts in facts.count(where: matches) >= count }
    }

    private func wait(until holds: ([RelayEvent], [MessageFact]) -> Bool) throws {
        condition.lock()
        defer { condition.unlock() }
        let deadline = Date(timeIntervalSinceNow: 20)
        while !holds(events, facts) {
            guard condition.wait(until: deadline) else { throw NeverCame(description: "\(events)") }
        }
    }

    var failures: [ConnectionFailure] {
        all.compactMap { if case .connectionFailed(let failure) = $0 { failure } else { nil } }
    }

    var closeReasons: [CloseReason] {
        all.compactMap { if case .connectionClosed(let reason, _, _) = $0 { reason } else { nil } }
    }

    @discardableResult
    func waitForClose(_ count: Int = 1) throws -> [CloseReason] {
        try wait(count) { if case .connectionClosed = $0 { true } else { false } }
        return closeReasons
    }
}

/// The observer of one loop.
final class LoopEar: RelayObserver {
    private let log: EventLog

    init(log: EventLog) { self.log = log }

    func observe(
        messages: UnsafeBufferPointer<MessageFact>,
        events: UnsafeBufferPointer<RelayEvent>,
        at now: MonotonicNanoseconds
    ) {
        log.append(messages, events)
    }
}
