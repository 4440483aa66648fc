import Synchronization

/// What one event loop's tables hold, written by that loop at the end of a tick and read by a scrape on any thread.
public final class RelayGauges: Sendable {
    private let connectionsCount = Atomic<Int>(0)
    private let agentConnectionsCount = Atomic<Int>(0)
    private let inFlightCount = Atomic<Int>(0)
    private let outboxByteCount = Atomic<Int>(0)
    private let committingByteCount = Atomic<Int>(0)

    /// Open connections, authenticated or not.
    public var connections: Int { connectionsCount.load(ordering: .relaxed) }
    /// Those of them whose agent has its AUTH_OK.
    public var agents: Int { agentConnectionsCount.load(ordering: .relaxed) }
    /// Accepted messages that are neither settled nor in the store.
    public var inFlight: Int { inFlightCount.load(ordering: .relaxed) }
    public var outboxBytes: Int { outboxByteCount.load(ordering: .relaxed) }
    /// Bytes handed to the store and not durable yet.
    public var committingBytes: Int { committingByteCount.load(ordering: .relaxed) }

    func publish(connections: Int, agents: Int, inFlight: Int, outboxBytes: Int, committingBytes: Int) {
        connectionsCount.store(connections, ordering: .relaxed)
        agentConnectionsCount.store(agents, ordering: .relaxed)
        inFlightCount.store(inFlight, ordering: .relaxed)
        outboxByteCount.store(outboxBytes, ordering: .relaxed)
        committingByteCount.store(committingBytes, ordering: .relaxed)
    }
}

/// Bytes on their way between each two event loops.
public final class HandOverLedger: Sendable {
    private let loops: Int
    private let cells: [Cell]

    private final class Cell: Sendable {
        let bytes = Atomic<Int>(0)
    }

    public init(loops: Int) {
        self.loops = loops
        cells = (0..<loops * loops).map { _ in Cell() }
    }

    func add(_ bytes: Int, from source: Int, to target: Int) {
        cells[source * loops + target].bytes.add(bytes, ordering: .relaxed)
    }

    /// What is left on the way.
    func subtract(_ bytes: Int, from source: Int, to target: Int) -> Int {
        cells[source * loops + target].bytes.subtract(bytes, ordering: .relaxed).newValue
    }

    func outstanding(from source: Int, to target: Int) -> Int {
        cells[source * loops + target].bytes.load(ordering: .relaxed)
    }
}
