import Glibc
public import RelayCore
import Synchronization

/// One `SteadyClock` for the process, read on any thread and moved by the beat of one event loop.
public final class RelayClock: Sendable {
    private let steady: Mutex<SteadyClock>
    /// `now` less elapsed time, in milliseconds: a reader pays one clock and no lock.
    private let offset: Atomic<Int64>
    private let jumpCount = Atomic<Int>(0)
    private let onChange: @Sendable (SteadyClock.Change) -> Void

    /// - Parameter onChange: on the event loop that noticed; must not wait.
    public init(onChange: @escaping @Sendable (SteadyClock.Change) -> Void = { _ in }) {
        self.onChange = onChange
        let elapsed = Self.elapsed
        let clock = SteadyClock(system: Self.system, at: elapsed)
        steady = Mutex(clock)
        offset = Atomic(Self.offset(of: clock, at: elapsed))
    }

    public var now: UnixMilliseconds {
        UnixMilliseconds(max(0, Int64(Self.elapsed / 1_000_000) + offset.load(ordering: .relaxed)))
    }

    /// What another machine's clock is compared with: where the system's clock has jumped, the one of the two that is
    /// nearer, for the other may be the wrong one.
    func nearest(to time: UnixMilliseconds) -> UnixMilliseconds {
        let (steady, system) = (now, Self.system)
        return max(time, steady) - min(time, steady) <= max(time, system) - min(time, system) ? steady : system
    }

    /// Times the system's clock left this one.
    public var jumps: Int { jumpCount.load(ordering: .relaxed) }
    /// How far the system's clock is ahead of this one.
    public var aheadMilliseconds: Int64 { steady.withLock { $0.aheadMilliseconds } }

    func observe() {
        let elapsed = Self.elapsed
        let change = steady.withLock { clock in
            let change = clock.observed(system: Self.system, at: elapsed)
            offset.store(Self.offset(of: clock, at: elapsed), ordering: .relaxed)
            return change
        }
        guard let change else { return }
        if case .jumped = change { jumpCount.add(1, ordering: .relaxed) }
        onChange(change)
    }

    private static func offset(of clock: SteadyClock, at elapsed: MonotonicNanoseconds) -> Int64 {
        Int64(clock.time(at: elapsed)) - Int64(elapsed / 1_000_000)
    }

    private static var system: UnixMilliseconds { read(CLOCK_REALTIME) / 1_000_000 }
    /// Goes on in suspend, which the monotonic clock of the event loops does not: a TTL is not longer for it.
    private static var elapsed: MonotonicNanoseconds { read(CLOCK_BOOTTIME) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(max(0, time.tv_sec)) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
