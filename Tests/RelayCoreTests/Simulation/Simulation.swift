import RelayCore
import Testing
import WireProtocol

/// A relay of several event loops on one thread and a manual clock, its store, and the agents' connections.
final class Simulation {
    let clock = ManualClock()
    let store: SimulatedStore?
    let settings: RelaySettings
    private let rates: MessageRates?
    private(set) var loops: [SimulatedLoop] = []
    private(set) var log = FactLog()
    private(set) var connections: [SimulatedConnection] = []
    private var recovered = 0
    /// Picks whose turn it is; nil: the loops take turns.
    private var generator: SeededGenerator?
    private var turn = 0
    /// More pieces of work than this without the clock moving is a loop that never rests.
    private static let maxSteps = 200_000

    init(
        loops: Int = 1,
        settings: RelaySettings = RelaySettings(),
        limits: QueueLimits? = QueueLimits(),
        rates: MessageRates? = nil,
        seed: UInt64? = nil
    ) {
        self.settings = settings
        self.rates = rates
        store = limits.map { SimulatedStore(limits: $0) }
        generator = seed.map(SeededGenerator.init)
        start(loops: loops)
    }

    private func start(loops count: Int) {
        loops = (0..<count).map { SimulatedLoop(index: $0, clock: clock) }
        let ledger = HandOverLedger(loops: count)
        for loop in loops {
            loop.peers = loops
            loop.relay = Relay(
                loop: loop.index,
                loops: count,
                settings: settings,
                store: store,
                port: loop,
                ledger: ledger,
                rates: rates,
                observer: log
            )
        }
    }

    /// Opens a connection and proves whose it is; `run` lets the relay hear of it.
    func dial(_ agent: Int, on loop: Int = 0, isBatching: Bool = false, isTracing: Bool = true) -> SimulatedConnection {
        let connection = SimulatedConnection(
            agent: agent,
            loop: loops[loop],
            isBatching: isBatching,
            isTracing: isTracing
        )
        connection.authenticate()
        connections.append(connection)
        return connection
    }

    /// A connection that has its AUTH_OK.
    func connect(
        _ agent: Int,
        on loop: Int = 0,
        isBatching: Bool = false,
        isTracing: Bool = true
    ) -> SimulatedConnection {
        let connection = dial(agent, on: loop, isBatching: isBatching, isTracing: isTracing)
        run()
        return connection
    }

    /// One piece of work of one loop; false where there is none.
    @discardableResult
    func step() -> Bool {
        let ready = loops.filter(\.hasWork)
        guard !ready.isEmpty else { return false }
        turn += 1
        let index = generator?.next(upperBound: UInt64(ready.count)).asIndex ?? turn % ready.count
        ready[index].runOne()
        return true
    }

    /// Everything that can happen without the clock moving.
    func run() {
        var steps = 0
        while step() {
            steps += 1
            guard steps < Self.maxSteps else {
                Issue.record("the loops never rest")
                return
            }
        }
        // A removal that is on its way to the store is the only thing counted twice.
        if isStoreIdle { #expect(came <= went, "a message is missing: \(ledger)") }
    }

    func advance(by duration: MonotonicNanoseconds) {
        let end = clock.now + duration
        clock.beat()
        run()
        while let next = loops.compactMap(\.wakeAt).min(), next <= end {
            clock.now = max(clock.now, next)
            run()
        }
        clock.now = end
        clock.beat()
        run()
    }

    /// Lets commits and removals reach the store and checks conservation exactly.
    func rest(_ location: SourceLocation = #_sourceLocation) {
        advance(by: .milliseconds(100))
        guard isStoreIdle else { return }
        #expect(came == went, "\(ledger)", sourceLocation: location)
    }

    func memory(is level: MemoryLevel) {
        for loop in loops { loop.relay?.memory(is: level) }
    }

    /// The process dies and starts again on the same store.
    func crash() {
        clock.restart()
        for loop in loops { loop.crash() }
        for connection in connections { connection.crash() }
        connections = []
        store?.crash()
        recovered = store?.totals.messages ?? 0
        log = FactLog()
        start(loops: loops.count)
    }
}

extension Simulation {
    private var isStoreIdle: Bool { store?.pending ?? 0 == 0 }
    private var came: Int { log.accepted + recovered }
    private var went: Int { log.settled + inFlight + queued }
    var inFlight: Int { loops.reduce(0) { $0 + ($1.relay?.gauges.inFlight ?? 0) } }
    var queued: Int { store?.totals.messages ?? 0 }

    private var ledger: String {
        "accepted \(log.accepted) + recovered \(recovered), settled \(log.settled) + in flight \(inFlight) + queued \(queued)"
    }
}

extension UInt64 {
    fileprivate var asIndex: Int { Int(self) }
}
