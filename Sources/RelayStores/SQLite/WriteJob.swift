import RelayCore
import WireProtocol

/// What comes with a batch.
struct Submission: Sendable {
    /// Of its messages, as the inbox counts them.
    var bytes: Int
    var call: StoreCall?

    init(_ batch: [StoreOperation], _ call: StoreCall?) { (bytes, self.call) = (WriteJob.byteCount(of: batch), call) }
}

/// One call that changes the store.
enum WriteJob: Sendable {
    case commit(
        [StoreOperation],
        Submission,
        now: UnixMilliseconds,
        @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    )
    case expire(now: UnixMilliseconds, limit: Int, @Sendable (Result<[MessageKey], StoreFailure>) -> Void)
    case purge(AgentHash, now: UnixMilliseconds, limit: Int, @Sendable (Result<[MessageKey], StoreFailure>) -> Void)
    case unpin(AgentHash, @Sendable (Result<PinnedKey?, StoreFailure>) -> Void)
    case pin(KeyClaim, @Sendable (Result<KeyClaimOutcome, StoreFailure>) -> Void)
    /// Of a file alone, as what follows.
    case spill(SpillJob)
    /// Rows a load found to differ from what was written. Nobody waits for it.
    case quarantine([Int64])

    /// What it is charged with in the inbox: payloads, and a flat sum for the rest of it.
    var byteCount: Int {
        switch self {
        case .commit(_, let submission, _, _): 256 + submission.bytes
        case .spill(.moved(let keys, _, _)), .spill(.paid(let keys, _)): 256 + 128 * keys.count
        default: 256
        }
    }

    static func byteCount(of batch: [StoreOperation]) -> Int {
        batch.reduce(0) { sum, operation in
            guard case .put(let message) = operation else { return sum + 128 }
            return sum + 256 + message.byteCount
        }
    }

    /// Puts and removals.
    var operations: Int {
        guard case .commit(let batch, _, _, _) = self else { return 0 }
        return batch.count
    }

    /// Who traces its messages.
    var call: StoreCall? {
        guard case .commit(_, let submission, _, _) = self else { return nil }
        return submission.call
    }

    func fail(_ failure: StoreFailure) {
        switch self {
        case .commit(_, _, _, let completion): completion(.failure(failure))
        case .expire(_, _, let completion): completion(.failure(failure))
        case .purge(_, _, _, let completion): completion(.failure(failure))
        case .pin(_, let completion): completion(.failure(failure))
        case .unpin(_, let completion): completion(.failure(failure))
        case .spill(let job): job.fail(failure)
        case .quarantine: break
        }
    }
}

extension ArraySlice<WriteJob> {
    var operations: Int { reduce(0) { $0 + $1.operations } }

    /// Of a transaction that did them all, or none.
    func took(_ work: StoreWork) {
        for job in self { job.call?.took(work) }
    }
}
