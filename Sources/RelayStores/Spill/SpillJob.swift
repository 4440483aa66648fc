import RelayCore
import WireProtocol

/// What a spill asks of its file beyond what every store does.
enum SpillJob: Sendable {
    /// Removals that the other store has still to make, and whether each message was absent here.
    case readOwed(@Sendable (Result<[MessageKey: Bool], StoreFailure>) -> Void)
    /// The other store made them.
    case paid([MessageKey], @Sendable (Result<Void, StoreFailure>) -> Void)
    /// The other store has these messages: removed here without being owed.
    case moved([MessageKey], now: UnixMilliseconds, @Sendable (Result<Void, StoreFailure>) -> Void)

    func fail(_ failure: StoreFailure) {
        switch self {
        case .readOwed(let completion): completion(.failure(failure))
        case .paid(_, let completion), .moved(_, _, let completion): completion(.failure(failure))
        }
    }
}

extension StoreTables {
    /// - Returns: what to tell the caller once the transaction is durable.
    func apply(_ job: SpillJob) throws(SQLiteError) -> () -> Void {
        switch job {
        case .readOwed(let completion):
            let read = try owed?.read() ?? [:]
            return { completion(.success(read)) }
        case .paid(let keys, let completion):
            for key in keys { try owed?.delete(key) }
            return { completion(.success(())) }
        case .moved(let keys, let now, let completion):
            for key in keys { _ = try remove(key, now: now) }
            return { completion(.success(())) }
        }
    }
}
