import Glibc
import RelayCore
import Synchronization

/// How far a drain has come, by signal or by hand.
final class DrainState: Sendable {
    enum Phase: String, Sendable {
        /// Agents are welcome.
        case running
        /// Readiness fails; agents still come, while load balancers look away.
        case waiting
        /// Agents were told to go; what is under way ends.
        case draining
        /// Nobody is left, and nobody comes.
        case drained
    }

    struct Order: Sendable {
        /// nil for what the configuration says.
        var reconnectAfterMilliseconds: Int?
        var skipsReadinessDelay = false
    }

    struct Reading: Sendable {
        var phase = Phase.running
        var since: MonotonicNanoseconds
        /// When the phase ends at the latest.
        var deadline: MonotonicNanoseconds?
        /// Of a drain that is over: everything under way ended in time.
        var isComplete: Bool?
    }

    private struct State {
        var reading: Reading
        var order = Order()
        /// Of a drain by hand.
        var task: Task<Void, Never>?
    }

    private let clock: @Sendable () -> MonotonicNanoseconds
    private let state: Mutex<State>

    init(clock: @escaping @Sendable () -> MonotonicNanoseconds) {
        self.clock = clock
        state = Mutex(State(reading: Reading(since: clock())))
    }

    var reading: Reading { state.withLock { $0.reading } }
    var phase: Phase { reading.phase }
    var order: Order { state.withLock { $0.order } }

    /// A drain by hand, where the relay runs.
    /// - Returns: whether this call began it.
    func begin(_ order: Order, _ drain: @escaping @Sendable () async -> Void) -> Bool {
        state.withLock { state in
            guard state.reading.phase == .running else { return false }
            state.order = order
            enter(.waiting, within: nil, &state)
            state.task = Task { await drain() }
            return true
        }
    }

    /// What the drain that a signal brings is to do.
    func prepare(_ order: Order) { state.withLock { $0.order = order } }

    /// - Parameter limit: what the phase may take, in milliseconds.
    /// - Returns: false for a drain by hand that was called off before it came to that.
    func wait(within limit: Int, isByHand: Bool) -> Bool {
        state.withLock { state in
            guard !isByHand || state.reading.phase == .waiting else { return false }
            enter(.waiting, within: limit, &state)
            return true
        }
    }

    /// - Returns: false where the drain was called off while it waited.
    func leaveWaiting(within limit: Int) -> Bool {
        state.withLock { state in
            guard state.reading.phase == .waiting else { return false }
            enter(.draining, within: limit, &state)
            return true
        }
    }

    func ended(isComplete: Bool) {
        state.withLock { state in
            enter(.drained, within: nil, &state)
            state.reading.isComplete = isComplete
        }
    }

    /// - Returns: false where the drain did not wait any more; else it is off, and has heard of it.
    func callOff() async -> Bool {
        let task = state.withLock { state -> Task<Void, Never>? in
            guard state.reading.phase == .waiting, let task = state.task else { return nil }
            task.cancel()
            reset(&state)
            return task
        }
        await task?.value
        return task != nil
    }

    func resumed() { state.withLock { reset(&$0) } }

    /// Until a drain by hand is over, where one is under way.
    func whenEnded() async { await state.withLock { $0.task }?.value }

    private func reset(_ state: inout State) {
        (state.task, state.order) = (nil, Order())
        enter(.running, within: nil, &state)
    }

    private func enter(_ phase: Phase, within limit: Int?, _ state: inout State) {
        let now = clock()
        state.reading = Reading(
            phase: phase,
            since: now,
            deadline: limit.map { now + .milliseconds(UInt64($0)) }
        )
    }
}
