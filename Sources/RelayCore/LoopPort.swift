/// What an event loop is to the relay's core: a clock, a way to the other loops, a call at the end of the tick.
/// Conformed to by SwiftNIO's loops and by the simulation that tests run on a manual clock.
public protocol LoopPort: AnyObject, Sendable {
    var now: MonotonicNanoseconds { get }
    var wallClock: UnixMilliseconds { get }

    /// Runs `Relay.received` on the other loop. On this loop only.
    func handOver(_ batch: HandOver, to loop: Int)
    /// Runs the work on this loop; from any thread.
    func perform(_ work: @escaping @Sendable (Relay) -> Void)
    /// Runs the work on another thread, soon; what takes longer than a tick may.
    func offload(_ work: @escaping @Sendable () -> Void)
    /// Runs `Relay.endOfTick` once, after everything that is ready now was read. On this loop only.
    func requestTick()
    /// Runs `Relay.endOfTick` at that time, unless one comes before; nil cancels. On this loop only.
    func wake(at deadline: MonotonicNanoseconds?)
}
