import Compression
import NIOCore
import WireProtocol

/// The relay on one event loop: the edge of the connections it holds and the home of the agents whose hash falls to it.
/// Everything here runs on that loop; other loops are reached by one batch a tick each.
public final class Relay {
    public let loop: Int
    public let loops: Int
    public let gauges = RelayGauges()

    private(set) var settings: RelaySettings
    let port: any LoopPort
    let store: (any MessageStore)?
    let ledger: HandOverLedger
    private let observer: any RelayObserver

    var connections: ConnectionTable
    let buffers = BufferPool()
    var hub = Hub()
    var home: Home
    var outgoing: [HandOver]
    private var dirty: [Connection] = []
    /// Empty but while they are flushed.
    private var flushing: [Connection] = []
    var pressed: Set<ConnectionRef> = []
    var paused: [(until: MonotonicNanoseconds, connection: ConnectionRef)] = []
    var held: [ConnectionRef] = []
    var converting = Converting()
    var bestEffortInFlight = 0
    var agentConnections = 0
    var outboxBytes = 0
    var rates: MessageRates?
    var isShortOfMemory = false
    var imports = ImportTable()
    var nextPressureCheck: MonotonicNanoseconds = 0
    var nextExpiry: MonotonicNanoseconds = 0
    /// Empty but while they are carried out.
    private var effects: [HomeEffect] = []
    private var facts: [MessageFact] = []
    private var events: [RelayEvent] = []
    private var kept = (dirty: KeptCapacity(), effects: KeptCapacity(), facts: KeptCapacity(), events: KeptCapacity())
    private var frames = FrameTally()
    private var isTickRequested = false
    private var tickBeganAt: MonotonicNanoseconds = 0

    /// - Parameters:
    ///   - store: nil where `queue.enabled` is false: then nothing outlives the connections.
    ///   - ledger: one for all loops of the process, as are the rates.
    public init(
        loop: Int,
        loops: Int,
        settings: RelaySettings,
        store: (any MessageStore)?,
        port: any LoopPort,
        ledger: HandOverLedger,
        rates: MessageRates? = nil,
        observer: any RelayObserver
    ) {
        self.loop = loop
        self.loops = loops
        self.settings = settings
        self.store = store
        self.port = port
        self.ledger = ledger
        self.rates = rates
        self.observer = observer
        connections = ConnectionTable(loop: loop)
        home = Home(settings: settings, hasStore: store != nil)
        outgoing = (0..<loops).map { _ in HandOver(source: loop) }
    }

    /// From the next connection on; those there are stay.
    public func limit(connectionsPerAgent: Int) {
        settings.maxConnectionsPerAgent = connectionsPerAgent
        home.settings.maxConnectionsPerAgent = connectionsPerAgent
    }

    /// States a fact about a message; the observer hears it at the end of the tick.
    func state(_ fact: MessageFact) { facts.append(fact) }

    /// Notes what is not about one message; the observer hears it at the end of the tick.
    public func note(_ event: RelayEvent) {
        events.append(event)
        requestTick()
    }

    /// A frame came, whole, whatever is made of it.
    public func received(frameOf typeCode: UInt8) {
        frames.add(typeCode)
        requestTick()
    }

    func requestTick() {
        guard !isTickRequested else { return }
        isTickRequested = true
        tickBeganAt = port.now
        port.requestTick()
    }

    /// When this tick began: for all that is read in it, since all of it was there by then. One look at the clock a
    /// tick, and one timeline for the messages of a tick that go one way.
    public func readBegan() -> MonotonicNanoseconds {
        requestTick()
        return tickBeganAt
    }

    func markDirty(_ connection: Connection) {
        requestTick()
        guard !connection.isDirty else { return }
        connection.isDirty = true
        dirty.append(connection)
    }

    /// Everything that was ready has been read: commit, answer, flush once a connection, hand over once a loop.
    public func endOfTick() {
        // What a step of the tick brings about for a later one of it asks for no other tick.
        isTickRequested = true
        let now = port.now
        let wallClock = port.wallClock
        resumePaused(at: now)
        checkPressure(at: now)
        expireQueued(at: now, wallClock: wallClock)
        home.timePassed(at: now, wallClock: wallClock)
        carryOutEffects(at: now)
        flushDirty(at: now, wallClock: wallClock)
        handOver()
        publish(at: now)
        isTickRequested = false
        if hasMore { requestTick() }
        port.wake(at: nextDeadline)
    }

    /// Left over by what happened after its step.
    private var hasMore: Bool { !dirty.isEmpty || home.hasEffects || !facts.isEmpty || !events.isEmpty }

    /// Does what the home wants done, until it wants nothing more.
    private func carryOutEffects(at now: MonotonicNanoseconds) {
        repeat {
            home.takeEffects(into: &effects)
            for effect in effects { carryOut(effect) }
            kept.effects.empty(&effects, at: now)
        } while home.hasEffects
    }

    private func flushDirty(at now: MonotonicNanoseconds, wallClock: UnixMilliseconds) {
        // A flush may complete at once and make its connection dirty again: those wait for the next tick.
        swap(&dirty, &flushing)
        for connection in flushing {
            sendAnswers(connection, wallClock: wallClock)
            connection.isDirty = false
            startFlush(connection, at: now, wallClock: wallClock)
        }
        kept.dirty.empty(&flushing, at: now)
    }

    private func handOver() {
        for target in outgoing.indices where !outgoing[target].isEmpty {
            var batch = outgoing[target].successor(from: buffers)
            swap(&batch, &outgoing[target])
            ledger.add(batch.byteCount, from: loop, to: target)
            port.handOver(batch, to: target)
        }
    }

    private func publish(at now: MonotonicNanoseconds) {
        gauges.publish(
            connections: connections.count,
            agents: agentConnections,
            inFlight: home.unstoredCount + bestEffortInFlight,
            outboxBytes: outboxBytes,
            committingBytes: home.commits.pendingBytes
        )
        frames.tell(&events)
        for work in buffers.codec.takeWork() { events.append(.compressed(work)) }
        for work in buffers.takeDeflating() { events.append(.compressed(work)) }
        if !facts.isEmpty || !events.isEmpty {
            facts.withUnsafeBufferPointer { facts in
                events.withUnsafeBufferPointer { observer.observe(messages: facts, events: $0, at: now) }
            }
        }
        kept.facts.empty(&facts, at: now)
        kept.events.empty(&events, at: now)
    }

    private var nextDeadline: MonotonicNanoseconds? {
        var next = home.nextDeadline ?? .max
        if let resume = paused.first { next = min(next, resume.until) }
        if !pressed.isEmpty { next = min(next, nextPressureCheck) }
        if loop == 0, store != nil { next = min(next, nextExpiry) }
        return next == .max ? nil : next
    }
}
