import RelayCore
import Testing
import WireProtocol

/// What agents, sockets, the store and time do to a relay in an order drawn from a seed, and what is known of each message.
final class RandomSchedule {
    private static let agents = 1...4
    private static let pauses: [MonotonicNanoseconds] = [
        .milliseconds(1), .milliseconds(3), .milliseconds(60), .seconds(1), .seconds(6), .seconds(31),
    ]

    let simulation: Simulation
    let store: SimulatedStore
    /// One connection an agent at a time: then first deliveries have one order.
    let isSingle: Bool
    private(set) var record = MessageRecord()
    private var generator: SeededGenerator
    private var open: [SimulatedConnection] = []
    private var crashesLeft = 1

    init?(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        isSingle = generator.chance(50)
        var settings = RelaySettings()
        settings.maxConnectionsPerAgent = isSingle ? 1 : 3
        settings.maxInFlightMessages = Int.random(in: 1...6, using: &generator)
        settings.outboxMaxBytes = generator.chance(30) ? 2_000 : 1 << 20
        settings.handOverMaxBytes = generator.chance(30) ? 500 : 1 << 20
        settings.maxCommittingBytes = generator.chance(20) ? 1_000 : 1 << 20
        let loops = Int.random(in: 1...3, using: &generator)
        simulation = Simulation(loops: loops, settings: settings, seed: generator.next())
        guard let store = simulation.store else { return nil }
        self.store = store
        store.isHeld = true
    }

    func act(times: Int) {
        for _ in 0..<times {
            act()
            endRefused()
        }
    }

    private func act() {
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<30: send()
        case 30..<48: acknowledge()
        case 48..<56: connect()
        case 56..<59: open.randomElement(using: &generator).map(close)
        case 59..<65: open.randomElement(using: &generator)?.completeFlush()
        case 65..<77: answerStore()
        case 77..<90: for _ in 0..<Int.random(in: 1...6, using: &generator) { simulation.step() }
        case 90..<97: Self.pauses.randomElement(using: &generator).map(simulation.advance)
        case 97..<99: rest()
        default: crash()
        }
    }

    private func send() {
        guard let sender = open.filter({ $0.isAccepted == true }).randomElement(using: &generator) else { return }
        if generator.chance(15), let earlier = record.acknowledgeable(of: sender.agent).randomElement(using: &generator)
        {
            return record.send(earlier, on: sender)
        }
        let modes: [DeliveryMode] = [.bestEffort, .atLeastOnce, .atLeastOnce, .exactlyOnce]
        let priorities: [UInt8] = [0, 128, 128, 200]
        let message = SentMessage(
            number: record.nextNumber,
            sender: sender.agent,
            recipient: Int.random(in: Self.agents, using: &generator),
            mode: modes.randomElement(using: &generator) ?? .atLeastOnce,
            priority: priorities.randomElement(using: &generator) ?? 128,
            ttl: generator.chance(8) ? UInt16.random(in: 1...40, using: &generator) : 0,
            bytes: Int.random(in: 0...300, using: &generator)
        )
        record.send(message, on: sender)
    }

    private func acknowledge() {
        guard let recipient = open.filter({ $0.isAccepted == true }).randomElement(using: &generator) else { return }
        let waiting = recipient.messages.filter { $0.routing.delivery != DeliveryMode.bestEffort.rawValue }
        let numbers = waiting.suffix(8).map(\.number).filter { _ in generator.chance(60) }
        record.acknowledge(numbers, on: recipient)
    }

    private func connect() {
        let agent = Int.random(in: Self.agents, using: &generator)
        if isSingle { open.filter { $0.agent == agent }.forEach(close) }
        let connection = dial(agent)
        connection.completesFlushes = generator.chance(70)
        if generator.chance(70) { simulation.run() }
    }

    private func dial(_ agent: Int) -> SimulatedConnection {
        let loop = Int.random(in: simulation.loops.indices, using: &generator)
        let connection = simulation.dial(agent, on: loop, isBatching: generator.chance(50))
        record.listen(to: connection)
        open.append(connection)
        return connection
    }

    private func close(_ connection: SimulatedConnection) {
        connection.close()
        open.removeAll { $0 === connection }
        // An agent dials again after it saw the close; in one loop's tick neither would be heard of before the other.
        if isSingle { simulation.run() }
    }

    /// Whom the relay refused or told to go.
    private func endRefused() {
        for connection in open where connection.isAccepted == false || !connection.disconnects.isEmpty {
            close(connection)
        }
    }

    private func answerStore() {
        guard store.pending > 0 else { return }
        let index = Int.random(in: 0..<store.pending, using: &generator)
        store.isFailing = generator.chance(15)
        if generator.chance(30) { store.perform(index) } else { store.answer(index) }
        store.isFailing = false
    }

    private func rest() {
        store.isHeld = false
        store.answerAll()
        // Removals that failed are tried again once a second.
        simulation.advance(by: .seconds(2))
        simulation.rest()
        store.isHeld = true
    }

    private func crash() {
        guard crashesLeft > 0 else { return }
        crashesLeft -= 1
        if store.pending > 0, generator.chance(50) { store.perform(0) }
        simulation.crash()
        open = []
    }

    /// Failures stop: everybody is connected, reads and acknowledges.
    func settle() {
        store.isHeld = false
        store.answerAll()
        // Removals that failed are tried again once a second.
        simulation.advance(by: .seconds(2))
        simulation.rest()
        for connection in open {
            record.acknowledgeEverything(on: connection)
            connection.completesFlushes = true
            connection.completeFlush()
        }
        for agent in Self.agents where !open.contains(where: { $0.agent == agent && $0.isAccepted == true }) {
            record.acknowledgeEverything(on: dial(agent))
        }
        // Everything had time to be written, read, swept and expired.
        for _ in 0..<3 {
            simulation.advance(by: .seconds(45))
            endRefused()
        }
        simulation.rest()
    }

    func connection(of agent: Int) -> SimulatedConnection? {
        open.last { $0.agent == agent && $0.isAccepted == true }
    }
}
