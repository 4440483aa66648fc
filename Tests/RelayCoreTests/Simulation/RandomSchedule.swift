import RelayCore
import Testing
import WireProtocol

/// What agents, sockets, the store and time do to a relay in an order drawn from a seed, and what is known of each
/// message.
final class RandomSchedule {
    private static let agents = 1...4
    private static let pauses: [MonotonicNanoseconds] = [
        .milliseconds(1), .milliseconds(3), .milliseconds(60), .seconds(1), .seconds(6), .seconds(31),
        // Longer than a message is sent again and again.
        .seconds(190),
    ]

    private static let clockErrors: [Int64] = [0, 0, 86_400_000, -86_400_000, 1_000_000_000, 90_000, 700]

    let simulation: Simulation
    let store: SimulatedStore
    /// One connection an agent at a time: then first deliveries have one order.
    let isSingle: Bool
    let record: MessageRecord
    private var generator: SeededGenerator
    private var open: [SimulatedConnection] = []
    private var crashesLeft: Int

    init?(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        isSingle = generator.chance(50)
        crashesLeft = Int.random(in: 0...3, using: &generator)
        var settings = RelaySettings()
        settings.maxConnectionsPerAgent = isSingle ? 1 : 3
        settings.maxInFlightMessages = Int.random(in: 1...6, using: &generator)
        if generator.chance(30) { settings.maxInFlightBytes = Int.random(in: 1...800, using: &generator) }
        settings.outboxMaxBytes = generator.chance(30) ? 2_000 : 1 << 20
        settings.handOverMaxBytes = generator.chance(30) ? 500 : 1 << 20
        settings.maxCommittingBytes = generator.chance(20) ? 1_000 : 1 << 20
        var limits = QueueLimits(maxSharePerSender: 1)
        if generator.chance(20) { limits.maxMessagesPerAgent = Int.random(in: 1...8, using: &generator) }
        if generator.chance(20) { limits.deduplicationMaxIDs = Int.random(in: 1...8, using: &generator) }
        let loops = Int.random(in: 1...3, using: &generator)
        simulation = Simulation(loops: loops, settings: settings, limits: limits, seed: generator.next())
        record = MessageRecord(clock: simulation.clock, settings: settings)
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
        case 0..<28: send()
        case 28..<44: acknowledge()
        case 44..<52: connect()
        case 52..<55: open.randomElement(using: &generator).map(close)
        case 55..<57: crashAgent()
        case 57..<63: open.randomElement(using: &generator)?.completeFlush()
        case 63..<75: answerStore()
        case 75..<88: for _ in 0..<Int.random(in: 1...6, using: &generator) { simulation.step() }
        case 88..<94: Self.pauses.randomElement(using: &generator).map(simulation.advance)
        case 94..<96: Self.clockErrors.randomElement(using: &generator).map { simulation.clock.error = $0 }
        case 96..<98: rest()
        default: crash()
        }
    }

    private func send() {
        guard let sender = open.filter({ $0.isAccepted == true }).randomElement(using: &generator) else { return }
        let message = retry(by: sender.agent) ?? newMessage(from: sender.agent)
        let isLost = generator.chance(4)
        record.send(message, on: sender, isLost: isLost)
        if isLost { close(sender) }
    }

    private func retry(by agent: Int) -> SentMessage? {
        generator.chance(15) ? record.acknowledgeable(of: agent).randomElement(using: &generator) : nil
    }

    private func newMessage(from sender: Int) -> SentMessage {
        let modes: [DeliveryMode] = [.bestEffort, .atLeastOnce, .atLeastOnce, .exactlyOnce]
        let priorities: [UInt8] = [0, 128, 128, 200]
        return SentMessage(
            number: record.nextNumber,
            sender: sender,
            recipient: Int.random(in: Self.agents, using: &generator),
            mode: modes.randomElement(using: &generator) ?? .atLeastOnce,
            priority: priorities.randomElement(using: &generator) ?? 128,
            ttl: generator.chance(12) ? UInt16.random(in: 1...40, using: &generator) : 0,
            bytes: Int.random(in: 0...WindowModel.maxEnvelopeBytes, using: &generator)
        )
    }

    /// On any connection of the agent, whichever brought it.
    private func acknowledge() {
        guard let recipient = open.filter({ $0.isAccepted == true }).randomElement(using: &generator) else { return }
        let numbers = record.unprocessed(by: recipient.agent).suffix(8).filter { _ in generator.chance(60) }
        let isLost = generator.chance(5)
        record.acknowledge(numbers, on: recipient, isLost: isLost)
        if isLost { close(recipient) }
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
        record.came(agent)
        open.append(connection)
        return connection
    }

    private func close(_ connection: SimulatedConnection) {
        connection.close()
        record.closed(connection)
        open.removeAll { $0 === connection }
        // An agent dials again after it saw the close; in one loop's tick neither would be heard of before the other.
        if isSingle { simulation.run() }
    }

    /// The agent's process is gone, and what it had not acknowledged with it.
    private func crashAgent() {
        guard let agent = open.randomElement(using: &generator)?.agent else { return }
        record.crashed(agent)
        open.filter { $0.agent == agent }.forEach(close)
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
        comeToRest()
        store.isHeld = true
    }

    private func comeToRest() {
        store.isHeld = false
        store.answerAll()
        // Removals that failed are tried again once a second.
        simulation.advance(by: .seconds(2))
        simulation.rest()
        record.noteFinished(in: store)
    }

    /// At any step: of what the store was given, some may have become durable without a word of it.
    private func crash() {
        guard crashesLeft > 0 else { return }
        crashesLeft -= 1
        if store.pending > 0, generator.chance(50) {
            store.perform(Int.random(in: 0..<store.pending, using: &generator))
        }
        record.relayCrashed(open)
        simulation.clock.error = 0
        simulation.crash()
        open = []
    }

    /// Failures stop: everybody is connected, reads and acknowledges.
    func settle() {
        comeToRest()
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
        if simulation.queued > 0 { comeAgain() }
    }

    /// What was given up after its last attempt waits for its agent's next AUTH_OK.
    private func comeAgain() {
        for agent in Self.agents {
            let connections = open.filter { $0.agent == agent }
            if connections.count == simulation.settings.maxConnectionsPerAgent { connections.first.map(close) }
            // Its home must hear of the one before the other.
            simulation.run()
            record.acknowledgeEverything(on: dial(agent))
        }
        simulation.advance(by: .seconds(45))
        simulation.rest()
    }

    func connection(of agent: Int) -> SimulatedConnection? {
        open.last { $0.agent == agent && $0.isAccepted == true }
    }
}
