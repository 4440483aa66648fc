import Dispatch
import Synchronization

/// Work for a thread of its own, in order. Bounded in bytes, counted from submission to completion.
final class Inbox<Job: Sendable>: Sendable {
    enum Admission { case taken, full, closed }

    private struct State {
        var jobs: [Job] = []
        var bytes = 0
        var refused = 0
        var isClosed = false
        /// The thread is about to wait, or waits, for the semaphore.
        var isAsleep = false
    }

    private let maxBytes: Int
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    init(maxBytes: Int) { self.maxBytes = maxBytes }

    /// One job over the bound is taken where nothing else is there, or it never could be.
    func submit(_ job: Job, bytes: Int) -> Admission {
        let (admission, wakes) = state.withLock { state -> (Admission, Bool) in
            if state.isClosed { return (.closed, false) }
            guard state.bytes == 0 || state.bytes + bytes <= maxBytes else {
                state.refused += 1
                return (.full, false)
            }
            state.jobs.append(job)
            state.bytes += bytes
            defer { state.isAsleep = false }
            return (.taken, state.isAsleep)
        }
        if wakes { wake.signal() }
        return admission
    }

    /// Everything there is, waiting until there is something, or for so long: then it is empty. nil once closed and
    /// empty.
    func take(waiting limit: DispatchTimeInterval = .never) -> [Job]? {
        while true {
            let taken = state.withLock { state -> [Job]? in
                if state.jobs.isEmpty && !state.isClosed {
                    state.isAsleep = true
                    return nil
                }
                defer { state.jobs = [] }
                return state.jobs
            }
            if let taken { return taken.isEmpty ? nil : taken }
            // A signal that came too late for this wait ends the next one early, which looks again.
            guard wake.wait(timeout: .now() + limit) == .timedOut else { continue }
            let isStillIdle = state.withLock { state -> Bool in
                state.isAsleep = false
                return state.jobs.isEmpty && !state.isClosed
            }
            if isStillIdle { return [] }
        }
    }

    /// What was taken is completed.
    func release(bytes: Int) { state.withLock { $0.bytes -= bytes } }

    func close() {
        let wakes = state.withLock { state -> Bool in
            state.isClosed = true
            defer { state.isAsleep = false }
            return state.isAsleep
        }
        if wakes { wake.signal() }
    }

    var load: (bytes: Int, refused: Int) { state.withLock { ($0.bytes, $0.refused) } }
}
