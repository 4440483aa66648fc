import RelayCore
import Testing
import WireProtocol

/// The simple model that a schedule is held against: what agents sent, what came to them, what they acknowledged. It
/// knows nothing of how a relay works.
final class MessageRecord {
    private(set) var messages: [SentMessage] = []
    /// Numbers as they came to each agent, repeats included.
    private(set) var received: [Int: [Int]] = [:]
    /// What an agent has and did not acknowledge yet; a crash of it loses this.
    private var unprocessed: [Int: [Int]] = [:]
    private(set) var acknowledged: Set<Int> = []
    /// Exactly-once messages that were acknowledged and have left the store for good.
    private var finished: Set<Int> = []
    private var arrivals: [Arrival: MonotonicNanoseconds] = [:]
    /// Rises whenever an agent comes or goes, which is a reason to send it what it has again.
    private var epochs: [Int: Int] = [:]
    private var windows: WindowModel
    let clock: ManualClock

    private struct Arrival: Hashable {
        let number: Int
        let connection: ObjectIdentifier
        let epoch: Int
    }

    init(clock: ManualClock, settings: RelaySettings) {
        self.clock = clock
        windows = WindowModel(settings: settings)
    }

    var nextNumber: Int { messages.count }

    func received(by agent: Int) -> [Int] { received[agent] ?? [] }
    func unprocessed(by agent: Int) -> [Int] { unprocessed[agent] ?? [] }

    func acknowledgeable(of sender: Int) -> [SentMessage] {
        messages.filter { $0.sender == sender && $0.mode != .bestEffort }
    }

    /// - Parameter isLost: the connection drops before the relay has read it.
    func send(_ message: SentMessage, on connection: SimulatedConnection, isLost: Bool = false) {
        if message.number == messages.count { messages.append(message) }
        messages[message.number].attempts.append(connection)
        messages[message.number].lastAttemptAt = clock.now
        guard !isLost else { return }
        connection.send(
            message.number,
            to: message.recipient,
            message.mode,
            priority: message.priority,
            ttl: message.ttl,
            bytes: message.bytes
        )
    }

    /// - Parameter isLost: the agent did, and the relay never hears of it.
    func acknowledge(_ numbers: [Int], on connection: SimulatedConnection, isLost: Bool = false) {
        guard !numbers.isEmpty, connection.isOpen else { return }
        acknowledged.formUnion(numbers)
        unprocessed[connection.agent]?.removeAll { numbers.contains($0) }
        windows.acknowledged(numbers, by: connection.agent)
        if !isLost { connection.acknowledge(numbers) }
    }

    func crashed(_ agent: Int) { unprocessed[agent] = nil }
    func came(_ agent: Int) { epochs[agent, default: 0] += 1 }

    func closed(_ connection: SimulatedConnection) {
        epochs[connection.agent, default: 0] += 1
        windows.closed(connection)
    }

    /// And these connections with it.
    func relayCrashed(_ connections: [SimulatedConnection]) {
        for connection in connections { epochs[connection.agent, default: 0] += 1 }
        windows.relayCrashed()
    }

    func listen(to connection: SimulatedConnection) {
        connection.onMessage = { [weak self, weak connection] message in
            guard let self, let connection else { return }
            arrived(message.number, on: connection)
        }
    }

    private func arrived(_ number: Int, on connection: SimulatedConnection) {
        let message = messages[number]
        received[connection.agent, default: []].append(number)
        if message.mode != .bestEffort { unprocessed[connection.agent, default: []].append(number) }
        #expect(message.recipient == connection.agent, "misdelivered: \(number)")
        // A socket that does not take its bytes may have held a copy all the while.
        #expect(!finished.contains(number) || !connection.isPrompt, "delivered again: \(number)")
        expectInTime(message, on: connection)
        expectReason(message, on: connection)
        guard message.isLasting, !acknowledged.contains(number) else { return }
        windows.arrived(message, on: connection, at: clock.now)
    }

    /// What has come and what will.
    func acknowledgeEverything(on connection: SimulatedConnection) {
        acknowledge(connection.numbers.filter { messages[$0].mode != .bestEffort }, on: connection)
        connection.onMessage = { [weak self, weak connection] message in
            guard let self, let connection else { return }
            arrived(message.number, on: connection)
            guard message.routing.delivery != DeliveryMode.bestEffort.rawValue else { return }
            acknowledge([message.number], on: connection)
        }
    }

    /// All is at rest: what was acknowledged and is not in the store will not come again.
    func noteFinished(in store: SimulatedStore) {
        for message in messages where message.mode == .exactlyOnce && acknowledged.contains(message.number) {
            if !store.holds(message) { finished.insert(message.number) }
        }
    }
}

extension MessageRecord {
    /// Nothing comes past its TTL, by the time that really passed. A socket that does not take its bytes may hold it
    /// up.
    private func expectInTime(_ message: SentMessage, on connection: SimulatedConnection) {
        guard message.ttl > 0, connection.isPrompt else { return }
        // A clock that is set by up to a second is followed at once.
        let limit = message.lastAttemptAt + .seconds(UInt64(message.ttl) + 1)
        #expect(clock.now <= limit, "past its time: \(message.number)")
    }

    /// A message that was sent once comes again only after 30 s, or because connections of its recipient changed.
    private func expectReason(_ message: SentMessage, on connection: SimulatedConnection) {
        let epoch = epochs[message.recipient, default: 0]
        let arrival = Arrival(number: message.number, connection: ObjectIdentifier(connection), epoch: epoch)
        defer { arrivals[arrival] = clock.now }
        guard let last = arrivals[arrival], connection.isPrompt, message.attempts.count == 1 else { return }
        #expect(message.mode != .bestEffort, "best effort twice: \(message.number)")
        #expect(clock.now >= last + .seconds(30), "again too soon: \(message.number)")
    }

    /// A sender that holds an ACK finds its message delivered and acknowledged, unless its time was short.
    func expectNothingPromisedIsLost() {
        for message in messages where message.isLasting && message.isPromised {
            #expect(received(by: message.recipient).contains(message.number), "lost: \(message.number)")
            #expect(acknowledged.contains(message.number), "never acknowledged: \(message.number)")
        }
    }

    /// One answer an attempt; on a connection that is still open no fewer.
    func expectOneAnswerAnAttempt() {
        for message in messages where message.mode != .bestEffort {
            var attempts: [ObjectIdentifier: (connection: SimulatedConnection, count: Int)] = [:]
            for connection in message.attempts {
                attempts[ObjectIdentifier(connection), default: (connection, 0)].count += 1
            }
            for (connection, count) in attempts.values {
                let answers =
                    connection.acks.count { $0.number == message.number }
                    + connection.nacks.count { $0.number == message.number }
                #expect(answers <= count, "more answers than attempts: \(message.number)")
                #expect(answers == count || !connection.isOpen, "not answered: \(message.number)")
            }
        }
    }

    /// Protocol section 6, of messages that were sent once.
    func expectOrder() {
        for agent in Set(messages.map(\.recipient)) {
            var seen: Set<Int> = []
            var last: [Stream: Int] = [:]
            for number in received(by: agent) where seen.insert(number).inserted {
                let message = messages[number]
                guard message.attempts.count == 1, let connection = message.attempts.first else { continue }
                let stream = Stream(
                    connection: ObjectIdentifier(connection),
                    priority: message.priority,
                    mode: message.mode
                )
                #expect(last[stream, default: -1] < number, "\(number) came after \(last[stream] ?? 0)")
                last[stream] = number
            }
        }
    }

    private struct Stream: Hashable {
        let connection: ObjectIdentifier
        let priority: UInt8
        let mode: DeliveryMode
    }
}
