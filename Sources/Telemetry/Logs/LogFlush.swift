import Dispatch
import Synchronization

/// Somebody who waits for what was logged before to be written.
struct LogFlush: Sendable {
    /// Met when the lines the writer took with this swap are written.
    var target: UInt64 = 0
    private let outcome = Outcome()

    func complete(wroteAll: Bool) {
        outcome.wroteAll.store(wroteAll, ordering: .releasing)
        outcome.done.signal()
    }

    /// False where the output failed or `limit` ran out.
    func wait(within limit: Duration) -> Bool {
        let (seconds, attoseconds) = limit.components
        let timeout = DispatchTime.now() + .seconds(Int(seconds)) + .nanoseconds(Int(attoseconds / 1_000_000_000))
        return outcome.done.wait(timeout: timeout) == .success && outcome.wroteAll.load(ordering: .acquiring)
    }

    private final class Outcome: Sendable {
        let done = DispatchSemaphore(value: 0)
        let wroteAll = Atomic(false)
    }
}
