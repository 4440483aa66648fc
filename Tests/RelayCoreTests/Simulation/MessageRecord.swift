import Testing
import WireProtocol

struct SentMessage {
    let number: Int
    let sender, recipient: Int
    let mode: DeliveryMode
    let priority: UInt8
    let ttl: UInt16
    let bytes: Int
    /// The connection of each attempt.
    var attempts: [SimulatedConnection] = []
}

/// What the agents of a schedule know: what was sent, what came, what was acknowledged.
struct MessageRecord {
    private(set) var messages: [SentMessage] = []
    private let inbox = Inbox()

    /// Shared with the closures that connections call.
    private final class Inbox {
        /// Numbers as they came to each agent, repeats included.
        var received: [Int: [Int]] = [:]
        var acknowledged: Set<Int> = []
    }

    var nextNumber: Int { messages.count }
    var acknowledged: Set<Int> { inbox.acknowledged }

    func received(by agent: Int) -> [Int] { inbox.received[agent] ?? [] }

    func acknowledgeable(of sender: Int) -> [SentMessage] {
        messages.filter { $0.sender == sender && $0.mode != .bestEffort }
    }

    mutating func send(_ message: SentMessage, on connection: SimulatedConnection) {
        if message.number == messages.count { messages.append(message) }
        messages[message.number].attempts.append(connection)
        connection.send(
            message.number,
            to: message.recipient,
            message.mode,
            priority: message.priority,
            ttl: message.ttl,
            bytes: message.bytes
        )
    }

    func acknowledge(_ numbers: [Int], on connection: SimulatedConnection) {
        guard !numbers.isEmpty, connection.isOpen else { return }
        inbox.acknowledged.formUnion(numbers)
        connection.acknowledge(numbers)
    }

    func listen(to connection: SimulatedConnection) {
        connection.onMessage = { [inbox] message in
            inbox.received[connection.agent, default: []].append(message.number)
        }
    }

    /// What has come and what will.
    func acknowledgeEverything(on connection: SimulatedConnection) {
        let record = self
        acknowledge(connection.numbers.filter { messages[$0].mode != .bestEffort }, on: connection)
        connection.onMessage = { [inbox] message in
            inbox.received[connection.agent, default: []].append(message.number)
            guard message.routing.delivery != DeliveryMode.bestEffort.rawValue else { return }
            record.acknowledge([message.number], on: connection)
        }
    }
}

extension MessageRecord {
    /// A sender that holds an ACK finds its message delivered and acknowledged, unless its time was short.
    func expectNothingPromisedIsLost() {
        for message in messages where message.mode != .bestEffort && message.ttl == 0 {
            let isPromised = message.attempts.contains { $0.acks.contains { $0.number == message.number } }
            guard isPromised else { continue }
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
