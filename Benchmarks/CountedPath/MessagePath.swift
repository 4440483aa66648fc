public import RelayCore

/// A sender's messages to a recipient in steady state, in one process without sockets: reads of 32 messages of 256
/// bytes, a tick after each.
public struct MessagePath {
    public static let messagesPerRead = 32
    public static let envelopeBytes = 256

    private let loops: [CountingLoop]
    private let sender: CountingAgent
    private let recipients: [CountingAgent]

    public init(loops count: Int, observer: (Int) -> any RelayObserver) {
        let loops = (0..<count).map { _ in CountingLoop() }
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
                observer: observer(index)
            )
        }
        self.loops = loops
        sender = CountingAgent(number: 1, relay: loops[0].relay!)
        recipients = loops.enumerated().map { CountingAgent(number: UInt8($0 + 2), relay: $1.relay!) }
        for agent in [sender] + recipients { agent.authenticate() }
        for _ in 0..<4 { turn() }
    }

    /// What the sender writes, as one read brings it. Each is good for one path of those that were made alike, in this
    /// order.
    public func reads(_ count: Int, towards loop: Int) -> [[UInt8]] {
        (0..<count).map { _ in
            sender.messages(Self.messagesPerRead, to: recipients[loop].hash, envelopeBytes: Self.envelopeBytes)
        }
    }

    public func receive(_ read: [UInt8]) { sender.receive(read) }

    /// All loops once around.
    public func turn() {
        for loop in loops { loop.endTick() }
        for loop in loops { loop.takeBatches() }
    }

    public func bytesTaken(on loop: Int) -> Int { recipients[loop].bytesTaken }
}
