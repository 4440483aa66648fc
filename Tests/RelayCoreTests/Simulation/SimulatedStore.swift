import RelayCore
import Synchronization
import WireProtocol

/// A memory store whose answers come when the simulation says so, and which fails when it is told to. Commits and
/// expiries happen and are answered in the order of their submission, as the contract asks; loads at any time.
// A simulation, its loops and its store live on one thread.
final class SimulatedStore: MessageStore, @unchecked Sendable {
    enum Kind {
        case commit, load, expire

        var writes: Bool { self != .load }
    }

    /// A call not answered yet.
    private struct Call {
        let kind: Kind
        /// Does it, or fails where the argument is true, and hands out its answer.
        let run: (Bool) -> () -> Void
        var answer: (() -> Void)?
    }

    private let contents: MemoryStore
    private var calls: [Call] = []
    /// Answers wait for `answer`.
    var isHeld = false
    /// What is made durable from now on fails.
    var isFailing = false
    /// The part that has this recipient does, as a cluster's may.
    var failing: AgentHash?
    /// Keys of every put that was submitted, in order.
    private(set) var submittedPuts: [MessageKey] = []
    private(set) var submittedRemovals: [MessageKey] = []
    private(set) var loads = 0

    init(limits: QueueLimits) { contents = MemoryStore(limits: limits) }

    var pending: Int { calls.count }
    var pendingCommits: Int { calls.count { $0.kind == .commit } }
    var totals: StoreTotals { contents.totals }
    var health: StoreHealth { .ok }

    func commit(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        call _: StoreCall?,
        completion: @escaping @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    ) {
        for operation in batch {
            switch operation {
            case .put(let message): submittedPuts.append(message.key)
            case .remove(let key): submittedRemovals.append(key)
            }
        }
        call(.commit) { answer in
            self.commitInParts(batch, now: now, answer)
        } _: {
            completion($0)
        }
    }

    private func commitInParts(
        _ batch: [StoreOperation],
        now: UnixMilliseconds,
        _ answer: @escaping @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    ) {
        guard let failing, batch.contains(where: { $0.recipient == failing }) else {
            return contents.commit(batch, now: now, completion: answer)
        }
        let done = batch.filter { $0.recipient != failing }
        contents.commit(done, now: now) { result in
            answer(
                result.map { outcomes in
                    var rest = outcomes[...]
                    return batch.map { operation in
                        guard operation.recipient != failing else { return .failed(.unavailable(reason: "away")) }
                        return rest.removeFirst()
                    }
                }
            )
        }
    }

    func load(
        _ recipient: AgentHash,
        past cursor: QueueCursor,
        maxMessages: Int,
        maxBytes: Int,
        now: UnixMilliseconds,
        call _: StoreCall?,
        completion: @escaping @Sendable (Result<QueuePage, StoreFailure>) -> Void
    ) {
        loads += 1
        call(.load) { [contents] answer in
            contents.load(
                recipient,
                past: cursor,
                maxMessages: maxMessages,
                maxBytes: maxBytes,
                now: now,
                completion: answer
            )
        } _: {
            completion($0)
        }
    }

    func expire(
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) {
        call(.expire) { [contents] answer in
            contents.expire(now: now, limit: limit, completion: answer)
        } _: {
            completion($0)
        }
    }

    func status(
        of recipient: AgentHash,
        completion: @escaping @Sendable (Result<QueueStatus, StoreFailure>) -> Void
    ) {
        contents.status(of: recipient, completion: completion)
    }

    func pin(_ claim: KeyClaim, completion: @escaping @Sendable (Result<KeyClaimOutcome, StoreFailure>) -> Void) {
        contents.pin(claim, completion: completion)
    }

    func queues(
        _ question: QueueListQuestion,
        completion: @escaping @Sendable (Result<QueueList, StoreFailure>) -> Void
    ) {
        contents.queues(question, completion: completion)
    }

    func purge(
        _ recipient: AgentHash,
        now: UnixMilliseconds,
        limit: Int,
        completion: @escaping @Sendable (Result<[MessageKey], StoreFailure>) -> Void
    ) {
        call(.expire) { [contents] answer in
            contents.purge(recipient, now: now, limit: limit, completion: answer)
        } _: {
            completion($0)
        }
    }

    func pinnedKey(
        of agent: AgentHash,
        completion: @escaping @Sendable (Result<PinnedKey?, StoreFailure>) -> Void
    ) {
        contents.pinnedKey(of: agent, completion: completion)
    }

    func unpin(_ agent: AgentHash, completion: @escaping @Sendable (Result<PinnedKey?, StoreFailure>) -> Void) {
        contents.unpin(agent, completion: completion)
    }

    func close(completion: @escaping @Sendable () -> Void) { contents.close(completion: completion) }
}

extension SimulatedStore {
    private typealias Answer<Value> = @Sendable (Result<Value, StoreFailure>) -> Void

    private func call<Value: Sendable>(
        _ kind: Kind,
        _ body: @escaping (@escaping Answer<Value>) -> Void,
        _ completion: @escaping (Result<Value, StoreFailure>) -> Void
    ) {
        let run: (Bool) -> () -> Void = { fails in
            let result = Mutex(Result<Value, StoreFailure>.failure(.unavailable(reason: "simulated")))
            if !fails { body { answer in result.withLock { $0 = answer } } }
            let answer = result.withLock { $0 }
            return { completion(answer) }
        }
        calls.append(Call(kind: kind, run: run))
        if !isHeld { answerAll() }
    }

    func holds(_ message: SentMessage) -> Bool {
        let key = MessageKey(
            recipient: Names.agent(message.recipient),
            sender: Names.agent(message.sender),
            id: Names.id(message.number)
        )
        let page = Mutex(QueuePage(messages: [], isLast: true))
        // At the beginning of time nothing has expired.
        contents.load(key.recipient, past: .start, maxMessages: .max, maxBytes: .max, now: 0) { result in
            if case .success(let loaded) = result { page.withLock { $0 = loaded } }
        }
        return page.withLock { $0.messages.contains { $0.message.key == key } }
    }

    /// Does the call at `index`, and what writes before it where it writes; nobody hears of it yet.
    func perform(_ index: Int) {
        for call in writers(upTo: index) { perform(only: call) }
        perform(only: index)
    }

    private func writers(upTo index: Int) -> [Int] {
        calls[index].kind.writes ? (0..<index).filter { calls[$0].kind.writes } : []
    }

    private func perform(only index: Int) {
        guard calls[index].answer == nil else { return }
        calls[index].answer = calls[index].run(isFailing)
    }

    /// Answers the call at `index`, and what writes before it where it writes.
    func answer(_ index: Int) {
        perform(index)
        let due = writers(upTo: index) + [index]
        let answers = due.compactMap { calls[$0].answer }
        for call in due.reversed() { calls.remove(at: call) }
        for answer in answers { answer() }
    }

    func answerAll() { while !calls.isEmpty { answer(0) } }

    /// Answers the calls of one kind that wait now.
    func answer(all kind: Kind) {
        while let index = calls.firstIndex(where: { $0.kind == kind }) { answer(index) }
    }

    /// The process is gone: what was not made durable never will be.
    func crash() { calls = [] }
}

extension StoreOperation {
    fileprivate var recipient: AgentHash {
        switch self {
        case .put(let message): message.routing.recipient
        case .remove(let key): key.recipient
        }
    }
}
