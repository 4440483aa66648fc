import DequeModule
import RelayCore

/// One time for all loops of a simulation. It moves only when told.
final class ManualClock {
    /// Not 0, which a timeline takes for "never".
    var now: MonotonicNanoseconds = .seconds(1_000)
    var wallClock: UnixMilliseconds { 1_800_000_000_000 + now / 1_000_000 }
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

    init(index: Int, clock: ManualClock) {
        self.index = index
        self.clock = clock
    }

    var now: MonotonicNanoseconds { clock.now }
    var wallClock: UnixMilliseconds { clock.wallClock }

    func handOver(_ batch: HandOver, to loop: Int) { peers[loop].queue.append(.batch(batch)) }
    func perform(_ work: @escaping @Sendable (Relay) -> Void) { queue.append(.work(work)) }
    func requestTick() { queue.append(.tick) }
    func wake(at deadline: MonotonicNanoseconds?) { wakeAt = deadline }

    var hasWork: Bool { relay != nil && (!queue.isEmpty || isDue) }
    private var isDue: Bool { wakeAt.map { $0 <= clock.now } ?? false }

    func runOne() {
        guard let relay else { return }
        switch queue.popFirst() {
        case .batch(let batch): relay.received(batch)
        case .work(let work): work(relay)
        case .tick: endTick(of: relay)
        case nil: if isDue { endTick(of: relay) }
        }
    }

    private func endTick(of relay: Relay) {
        if isDue { wakeAt = nil }
        ticks += 1
        relay.endOfTick()
    }

    func crash() {
        relay = nil
        queue = []
        peers = []
    }
}
