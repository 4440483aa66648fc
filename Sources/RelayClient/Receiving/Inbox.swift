import DequeModule
import Synchronization

/// Messages that came and that nobody took yet, bounded in bytes: past the bound the connection stops reading.
final class Inbox: Sendable {
    private struct State: Sendable {
        var messages: Deque<IncomingMessage> = []
        var bytes = 0
        var waiters: Deque<Waiter> = []
        var nextWaiter: UInt64 = 0
        var isPaused = false
        var isEnded = false
        var pauses: UInt64 = 0
    }

    private struct Waiter: Sendable {
        var number: UInt64
        var continuation: CheckedContinuation<IncomingMessage?, Never>
    }

    private let maxBytes: Int
    private let resume: @Sendable () -> Void
    private let state = Mutex(State())

    /// - Parameter resume: called from any thread once half of the room is free again.
    init(maxBytes: Int, resume: @escaping @Sendable () -> Void) {
        self.maxBytes = maxBytes
        self.resume = resume
    }

    var bytes: Int { state.withLock { $0.bytes } }
    var waiting: Int { state.withLock { $0.waiters.count } }
    /// How often the connection was told to stop.
    var pauses: UInt64 { state.withLock { $0.pauses } }

    /// - Returns: false where nothing more should come for now.
    func append(_ message: IncomingMessage) -> Bool {
        let (waiter, hasRoom) = state.withLock { state -> (Waiter?, Bool) in
            guard !state.isEnded else { return (nil, true) }
            if let waiter = state.waiters.popFirst() { return (waiter, !state.isPaused) }
            state.messages.append(message)
            state.bytes += message.chargedBytes
            if state.bytes >= maxBytes, !state.isPaused {
                state.isPaused = true
                state.pauses += 1
            }
            return (nil, !state.isPaused)
        }
        waiter?.continuation.resume(returning: message)
        return hasRoom
    }

    /// nil at the end, and where the calling task is cancelled.
    func next() async -> IncomingMessage? {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                take(Waiter(number: number, continuation: continuation))
            }
        } onCancel: {
            cancel(number)
        }
    }

    private func take(_ waiter: Waiter) {
        enum Outcome { case wait, give(IncomingMessage?, resumes: Bool) }
        let outcome = state.withLock { state -> Outcome in
            // A task that was cancelled before it waited has called `cancel` in vain.
            if Task.isCancelled || (state.isEnded && state.messages.isEmpty) { return .give(nil, resumes: false) }
            guard let message = state.messages.popFirst() else {
                state.waiters.append(waiter)
                return .wait
            }
            state.bytes -= message.chargedBytes
            let resumes = state.isPaused && state.bytes <= maxBytes / 2
            if resumes { state.isPaused = false }
            return .give(message, resumes: resumes)
        }
        guard case .give(let message, let resumes) = outcome else { return }
        waiter.continuation.resume(returning: message)
        if resumes { resume() }
    }

    private func cancel(_ number: UInt64) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.number == number }) else { return nil }
            return state.waiters.remove(at: index)
        }
        waiter?.continuation.resume(returning: nil)
    }

    /// What nobody took could not be acknowledged any more: it goes, and comes again to this agent's next client.
    func end() {
        let waiters = state.withLock { state in
            state.isEnded = true
            state.messages = []
            state.bytes = 0
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: nil) }
    }
}

/// The messages for this agent, each given to one consumer, in the order they came. Ends when the client does.
public struct IncomingMessages: AsyncSequence, Sendable {
    let inbox: Inbox

    public func makeAsyncIterator() -> Iterator { Iterator(inbox: inbox) }

    public struct Iterator: AsyncIteratorProtocol {
        let inbox: Inbox

        /// nil at the end, and where the task is cancelled.
        public func next() async -> IncomingMessage? { await inbox.next() }

        public func next(isolation actor: isolated (any Actor)?) async -> IncomingMessage? { await inbox.next() }
    }
}
