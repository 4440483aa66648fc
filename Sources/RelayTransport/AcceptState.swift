public import RelayCore
import Synchronization

/// Whether agents' sockets are accepted; for whoever asks, on any thread.
public final class AcceptState: Sendable {
    private let isHeld = Atomic<Bool>(false)
    private let refusedUntil = Atomic<MonotonicNanoseconds>(0)

    init() {}

    /// They wait in the backlog, for want of descriptors or memory.
    public func isPaused(at now: MonotonicNanoseconds) -> Bool {
        isHeld.load(ordering: .relaxed) || now < refusedUntil.load(ordering: .relaxed)
    }

    func held(_ isHeld: Bool) { self.isHeld.store(isHeld, ordering: .relaxed) }

    func refused(until end: MonotonicNanoseconds) { refusedUntil.store(end, ordering: .relaxed) }
}
