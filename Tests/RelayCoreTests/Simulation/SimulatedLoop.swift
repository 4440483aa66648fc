import DequeModule
import RelayCore

/// One time for all loops of a simulation. It moves only when told.
final class ManualClock {
    private static let epoch: UnixMilliseconds = 1_800_000_000_000
    /// Not 0, which a timeline takes for "never".
    var now: MonotonicNanoseconds = .seconds(1_000)
    /// How far the system's clock is off, in milliseconds.
    var error: Int64 = 0
    private var steady: SteadyClock

    init() { steady = SteadyClock(system: Self.epoch + now / 1_000_000, at: now) }

    private var system: UnixMilliseconds { UnixMilliseconds(Int64(Self.epoch + now / 1_000_000) + error) }
    var wallClock: UnixMilliseconds { steady.time(at: now) }

    /// The system's clock is looked at, as the beat of a loop does.
    func beat() { _ = steady.observed(system: system, at: now) }
    /// A relay that starts has nothing but the system's clock.
    func restart() { steady = SteadyClock(system: system, at: now) }
}

/// An event loop that runs one piece of work when it is told to, in the order they came.
// A simulation, its loops and its store live on one thread.
final class SimulatedLoop: LoopPort, @unchecked Sendable {
    private enum Work {
        case tick
        case batch(HandOver)
        case work((Relay) -> Void)
    }

    let index: Int
    let clock: ManualClock
    var peers: [SimulatedLoop] = []
    /// nil once the process it belongs to has crashed.
    var relay: Relay?
    private(set) var wakeAt: MonotonicNanoseconds?
    /// How often the end of a tick was run.
    private(set) var ticks = 0
    private var queue: Deque<Work> = []
    /// On other threads, which may be slow.
    private var offloaded: Deque<() -> Void> = []
    var holdsOffloaded = false
    var offloadedCount: Int { offloaded.count }
    /// Handed over in the last tick and not taken yet by the loops they are for: these may run in between.
    private var onTheWay: Deque<(batch: HandOver, target: Int)> = []

    init(index: Int, clock: ManualClock) {
        self.index = index
        self.clock = clock
    }

    var now: MonotonicNanoseconds { clock.now }
    var wallClock: UnixMilliseconds { clock.wallClock }

    func handOver(_ batch: HandOver, to loop: Int) { onTheWay.append((batch, loop)) }
    func perform(_ work: @escaping @Sendable (Relay) -> Void) { queue.append(.work(work)) }
    func offload(_ work: @escaping @Sendable () -> Void) { offloaded.append(work) }
    func requestTick() { queue.append(.tick) }
    func wake(at deadline: MonotonicNanoseconds?) { wakeAt = deadline }

    var hasWork: Bool { relay != nil && (!onTheWay.isEmpty || !queue.isEmpty || isDue || mayOffload) }
    private var mayOffload: Bool { !offloaded.isEmpty && !holdsOffloaded }

    /// The thread that has had its work the longest, or the shortest time, is done.
    func finishOffloaded(last: Bool = false) {
        guard let work = last ? offloaded.popLast() : offloaded.popFirst() else { return }
        work()
    }
    private var isDue: Bool { wakeAt.map { $0 <= clock.now } ?? false }

    func runOne() {
        guard let relay else { return }
        if let next = onTheWay.popFirst() { return peers[next.target].queue.append(.batch(next.batch)) }
        switch queue.popFirst() {
        case .batch(let batch): relay.received(batch)
        case .work(let work): work(relay)
        case .tick: endTick(of: relay)
        case nil: if isDue { endTick(of: relay) } else if mayOffload { finishOffloaded() }
        }
    }

    /// Everything that this loop alone can do now.
    func rest() { while hasWork { runOne() } }

    private func endTick(of relay: Relay) {
        if isDue { wakeAt = nil }
        ticks += 1
        relay.endOfTick()
    }

    func crash() {
        relay = nil
        queue = []
        offloaded = []
        onTheWay = []
        peers = []
    }
}
