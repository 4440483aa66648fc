import RelayCore
import RelayTelemetry
import Telemetry

/// A sender's messages to a recipient in steady state: reads of 32 messages of 256 bytes, a tick after each.
struct MessagePath {
    private static let messagesPerRead = 32
    private static let warmUp = 64
    private static let reads = 100

    private let loops: [CountingLoop]
    private let sender: CountingAgent
    private let recipients: [CountingAgent]

    init(loops count: Int) throws {
        let loops = (0..<count).map { _ in CountingLoop() }
        let registry = MetricRegistry(shards: count)
        let readings = RelayReadings(loops: { .init() }, store: { .init() }, logs: { .init() }, clock: { .init() })
        let flights = FlightRecorder(loops: count, bytes: 1 << 20) { 0 }
        let instruments = try RelayInstruments(
            registry: registry,
            readings: readings,
            build: .example,
            flights: flights
        )
        let ledger = HandOverLedger(loops: count)
        for (index, loop) in loops.enumerated() {
            loop.others = loops
            loop.relay = Relay(
                loop: index,
                loops: count,
                settings: RelaySettings(),
                store: nil,
                port: loop,
                ledger: ledger,
                observer: instruments.observer(loop: index)
            )
        }
        self.loops = loops
        sender = CountingAgent(number: 1, relay: loops[0].relay!)
        recipients = loops.enumerated().map { CountingAgent(number: UInt8($0 + 2), relay: $1.relay!) }
        for agent in [sender] + recipients { agent.authenticate() }
        for _ in 0..<4 { turn() }
    }

    /// All loops once around.
    private func turn() {
        for loop in loops { loop.endTick() }
        for loop in loops { loop.takeBatches() }
    }

    /// - Returns: allocations from the read buffer to the recipient's outbox or batch, and of the ticks, of 100 reads.
    mutating func count(towards loop: Int) -> (reading: UInt64, ticks: UInt64) {
        let recipient = recipients[loop]
        let reads = (0..<Self.warmUp + Self.reads).map { _ in
            sender.messages(Self.messagesPerRead, to: recipient.hash, envelopeBytes: 256)
        }
        var (reading, ticks): (UInt64, UInt64) = (0, 0)
        let before = recipient.bytesTaken
        for (index, read) in reads.enumerated() {
            let own = allocations { sender.receive(read) }
            let rest = allocations { turn() }
            guard index >= Self.warmUp else { continue }
            reading += own
            ticks += rest
        }
        turn()
        precondition(recipient.bytesTaken - before > reads.count * Self.messagesPerRead * 256, "messages were lost")
        return (reading, ticks)
    }
}
