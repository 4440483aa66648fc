import NIOCore
public import RelayCore
import WireProtocol

/// Brings what the spill holds to the primary: first the removals it is owed, whosever they are, then messages, an
/// agent's page at a time, each out of the file only once the primary has it. A crash between the two makes a
/// duplicate, which the primary knows, or a message that is delivered twice, as at least once allows.
extension SpillingStore {
    private static let pageMessages = 500
    private static let pageBytes = 4 << 20
    /// In a row. A cluster of which a part is away has the others' agents behind those that fail.
    private static let maxFailures = 16

    /// Where this relay's `beginDraining` said so, until the next call.
    func drain(now: UnixMilliseconds) { drainNext(now: now, passed: 0) }

    private func stop() { update { $0.diversions.stopDraining() } }

    /// - Parameters:
    ///   - passed: agents in a row of whom nothing could be moved.
    ///   - failed: times in a row that the primary did not answer.
    private func drainNext(now: UnixMilliseconds, passed: Int, failed: Int = 0) {
        guard failed < Self.maxFailures else { return stop() }
        let payable = update { $0.diversions.payable }
        guard payable.isEmpty else {
            return pay(payable, now: now) { paid in
                guard let paid else { return self.stop() }
                self.drainNext(now: now, passed: passed, failed: paid > 0 ? 0 : failed + 1)
            }
        }
        let (next, passed) = update { state in
            var passed = passed
            let next = state.diversions.next(passing: &passed)
            return (next, passed)
        }
        guard let (agent, mark) = next else { return stop() }
        spill.load(agent, past: .start, maxMessages: Self.pageMessages, maxBytes: Self.pageBytes, now: now) { result in
            guard let page = try? result.get() else { return self.stop() }
            guard page.messages.isEmpty else {
                let messages = page.messages.map(\.message)
                return self.move(messages, of: agent, now: now, passed: passed, failed: failed)
            }
            self.settle(agent, mark: mark, now: now, passed: passed)
        }
    }

    /// Nothing is left to be delivered; what expired may lie there still, and is another's business.
    private func settle(_ agent: AgentHash, mark: Int?, now: UnixMilliseconds, passed: Int) {
        spill.status(of: agent) { status in
            let isSettled = self.update { state in
                let isEmpty = (try? status.get().messages) == 0
                let isSettled = isEmpty && state.diversions.settled(agent, mark: mark)
                if !isSettled { state.diversions.pass(agent) }
                return isSettled
            }
            self.drainNext(now: now, passed: isSettled ? 0 : passed + 1)
        }
    }

    /// - Parameter completion: how many were paid; nil where the file failed.
    private func pay(_ owed: [MessageKey], now: UnixMilliseconds, _ completion: @escaping @Sendable (Int?) -> Void) {
        commitToPrimary(owed.map { .remove($0) }, now: now) { result in
            guard let outcomes = try? result.get() else {
                self.update { $0.diversions.postpone(owed.map(\.recipient)) }
                return completion(0)
            }
            let paid = zip(owed, outcomes).filter { !$0.1.isFailed }
            let failed = zip(owed, outcomes).filter(\.1.isFailed)
            self.update { $0.diversions.postpone(failed.map(\.0.recipient)) }
            // First out of the file: a key that came again meanwhile waits there, and must not be removed once more.
            let job = SpillJob.paid(paid.map(\.0)) { result in
                guard case .success = result else { return completion(nil) }
                self.update { state in
                    // Both had it, and the file's was taken off the books.
                    let removed = paid.map { $0.1 == .removed }
                    state.statistics.duplicates += state.diversions.paid(paid.map(\.0), removed: removed)
                }
                completion(paid.count)
            }
            self.spill.perform(job)
        }
    }

    /// To the primary, and told to whoever traces it.
    private func commitToPrimary(
        _ operations: [StoreOperation],
        now: UnixMilliseconds,
        _ completion: @escaping @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    ) {
        let follower = update { $0.follower }
        let call = follower.map { _ in
            StoreCall(committing: operations, number: nil, at: NIODeadline.now().uptimeNanoseconds)
        }
        primary.commit(operations, now: now, call: call) { result in
            call?.finish(result)
            if let call { follower?(call) }
            completion(result)
        }
    }

    /// - Parameter follower: told of each batch that is moved, on the store's thread.
    public func tellMoves(to follower: @escaping @Sendable (StoreCall) -> Void) { update { $0.follower = follower } }

    func payAll(now: UnixMilliseconds, _ completion: @escaping @Sendable () -> Void) {
        let payable = update { $0.diversions.payable }
        guard !payable.isEmpty else { return completion() }
        pay(payable, now: now) { $0 ?? 0 > 0 ? self.payAll(now: now, completion) : completion() }
    }

    /// Where the primary has no room for all of them the first that is refused must not be overtaken by a smaller one.
    private func move(_ messages: [Message], of agent: AgentHash, now: UnixMilliseconds, passed: Int, failed: Int) {
        let bytes = messages.reduce(0) { $0 + $1.byteCount }
        let isTight = primary.totals.bytes + bytes > maxTotalBytes
        let moved = isTight ? Array(messages.prefix(1)) : messages
        commitToPrimary(moved.map { .put($0) }, now: now) { result in
            guard let outcomes = try? result.get() else {
                self.update { state in
                    state.diversions.postpone([agent])
                    state.diversions.pass(agent)
                }
                return self.drainNext(now: now, passed: passed + 1, failed: failed + 1)
            }
            // What is refused stays here, and is tried again.
            let taken = zip(moved, outcomes).filter { $0.1.isTaken }
            let duplicates = taken.count { $0.1 == .duplicate }
            self.forget(taken.map(\.0.key), duplicates, of: agent, now: now, passed: passed)
        }
    }

    private func forget(
        _ taken: [MessageKey],
        _ duplicates: Int,
        of agent: AgentHash,
        now: UnixMilliseconds,
        passed: Int
    ) {
        guard !taken.isEmpty else {
            update { $0.diversions.pass(agent) }
            return drainNext(now: now, passed: passed + 1)
        }
        let job = SpillJob.moved(taken, now: now) { result in
            guard case .success = result else { return self.stop() }
            self.update { state in
                state.statistics.moved += taken.count
                state.statistics.duplicates += duplicates
            }
            self.drainNext(now: now, passed: 0)
        }
        spill.perform(job)
    }
}

extension StoreOutcome {
    fileprivate var isTaken: Bool {
        switch self {
        case .stored, .duplicate: true
        case .refused, .removed, .absent, .failed: false
        }
    }
}
