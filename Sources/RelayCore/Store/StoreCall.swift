import Synchronization
public import WireProtocol

/// A batch that the store was given, or a page that it was asked for, and what came of it: from this the traces of its
/// messages tell what the store did. Made where somebody traces, and one for a call.
public final class StoreCall: Sendable, Equatable {
    private enum Subject: Sendable {
        case batch([StoreOperation])
        case page
    }

    private struct Answer {
        var work: [StoreWork] = []
        var rows = 0
        var messages: [QueuedMessage] = []
        var hasFailed = false
    }

    /// Of those that its event loop made since it started; nil of what a store moves by itself.
    public let number: UInt64?
    public let submitted: MonotonicNanoseconds
    private let subject: Subject
    private let answer = Mutex(Answer())

    /// - Parameter number: nil where a store moves them to another by itself.
    public init(committing operations: [StoreOperation], number: UInt64?, at now: MonotonicNanoseconds) {
        (subject, self.number, submitted) = (.batch(operations), number, now)
    }

    public init(reading number: UInt64, at now: MonotonicNanoseconds) {
        (subject, self.number, submitted) = (.page, number, now)
    }

    /// Said by each store that had a part in it, before the call is completed.
    public func took(_ work: StoreWork) { answer.withLock { $0.work.append(work) } }

    /// Said by a store that lets others do it.
    /// - Parameter part: what it gave one of them.
    public func took(_ part: StoreCall, isSpill: Bool) {
        var messages: Set<MessageID>?
        if part.operations < operations {
            var ids: Set<MessageID> = []
            part.forEachMessage { identity, _ in ids.insert(identity.id) }
            messages = ids
        }
        for var work in part.work {
            (work.isSpill, work.messages) = (isSpill, messages)
            took(work)
        }
    }

    /// The same call, of some of its operations.
    public func part(_ operations: [StoreOperation]) -> StoreCall {
        StoreCall(committing: operations, number: number, at: submitted)
    }

    public var work: [StoreWork] { answer.withLock { $0.work } }

    public func finish(_ result: Result<[StoreOutcome], StoreFailure>) {
        answer.withLock { answer in
            answer.rows = (try? result.get())?.count { $0.isChange } ?? 0
            if case .failure = result { answer.hasFailed = true }
        }
    }

    public func finish(_ result: Result<QueuePage, StoreFailure>) {
        answer.withLock { answer in
            answer.messages = (try? result.get())?.messages ?? []
            answer.rows = answer.messages.count
            if case .failure = result { answer.hasFailed = true }
        }
    }

    public var hasFailed: Bool { answer.withLock { $0.hasFailed } }

    /// Puts and removals, or messages of the page.
    public var operations: Int {
        switch subject {
        case .batch(let operations): operations.count
        case .page: answer.withLock { $0.messages.count }
        }
    }

    /// Messages stored, removed or read.
    public var rows: Int { answer.withLock { $0.rows } }

    public enum Kind: Sendable, Equatable { case put, settle, load }

    /// Each message it was about, in order.
    public func forEachMessage(_ body: (MessageIdentity, Kind) -> Void) {
        switch subject {
        case .batch(let operations):
            for operation in operations {
                switch operation {
                case .put(let message): body(message.routing.identity, .put)
                case .remove(let key): body(key.identity, .settle)
                }
            }
        case .page:
            for queued in answer.withLock({ $0.messages }) { body(queued.message.routing.identity, .load) }
        }
    }

    /// What TRACED senders said of the messages in it.
    public var contexts: [MessageID: TraceContext] {
        guard case .batch(let operations) = subject else { return [:] }
        return operations.reduce(into: [:]) { contexts, operation in
            guard case .put(let message) = operation, let context = message.traceContext else { return }
            contexts[message.routing.id] = context
        }
    }

    public static func == (lhs: StoreCall, rhs: StoreCall) -> Bool { lhs === rhs }
}

extension StoreOutcome {
    fileprivate var isChange: Bool {
        switch self {
        case .stored, .removed: true
        case .duplicate, .refused, .absent, .failed: false
        }
    }
}

/// What a back end did for a call.
public struct StoreWork: Sendable, Equatable {
    public enum System: String, Sendable {
        case sqlite, redis, postgresql
    }

    public struct Server: Sendable, Equatable {
        public var host: String
        public var port: Int

        public init(host: String, port: Int) { (self.host, self.port) = (host, port) }
    }

    public var system: System
    /// nil for a file, and where there is no connection.
    public var server: Server?
    /// Handed to the server, or to the disk; before that it waited for others.
    public var began: MonotonicNanoseconds
    public var ended: MonotonicNanoseconds
    /// Of the transaction, those of other loops' batches included.
    public var operations: Int
    /// Why it did not happen.
    public var failure: StoreFailure?
    /// The server's name for that: an SQLSTATE, the first word of an error of Redis.
    public var code: String?
    /// By the file that stands in for the store.
    public var isSpill = false
    /// nil for all of the call.
    public var messages: Set<MessageID>?

    public init(
        _ system: System,
        at server: Server? = nil,
        began: MonotonicNanoseconds,
        ended: MonotonicNanoseconds,
        operations: Int,
        failure: StoreFailure? = nil,
        code: String? = nil
    ) {
        (self.system, self.server, self.began, self.ended) = (system, server, began, ended)
        (self.operations, self.failure, self.code) = (operations, failure, code)
    }
}
