import Logging
import NIOCore
import NIOPosix
import RelayAdmin
import RelayCore
import RelayTransport
import Telemetry
import WireProtocol

/// What the operator's commands work on.
struct Steering: Sendable {
    let relayID: String
    let loops: DataLoops
    let choice: StoreChoice
    let queueLimits: QueueLimits
    /// The longest that anything is kept.
    let retention: UnixMilliseconds
    let workers: NIOThreadPool
    let logger: Logger
    let clock: @Sendable () -> MonotonicNanoseconds

    var clocks: ClockPair { ClockPair(monotonic: clock(), wallClock: WallClock.unixNanoseconds()) }

    /// Each line of what an operator did has the relay's name, as those about connections have.
    func tell(_ event: AuditEvent, _ fields: Logger.Metadata) {
        logger.audit(event, fields.merging(["relay_id": "\(relayID)"]) { $1 })
    }

    /// The agent that somebody named by its hash, or by the first digits of one that is connected or has a queue.
    func agent(_ text: String, on loop: any EventLoop) async throws -> AgentHash {
        guard let prefix = AgentPrefix(text) else {
            throw AdminRefusal("agent is sha256: and 16 to 64 hexadecimal digits, not \(text.prefix(80))")
        }
        if let hash = AgentHash(text) { return hash }
        // The queue behind the place where the digits are followed by zeros, which are nobody's.
        let digits = text.dropFirst("sha256:".count)
        let before = AgentHash(String(digits) + String(repeating: "0", count: 64 - digits.utf8.count))
        let list = try await queues(QueueListQuestion(order: .agent, limit: 1, after: before))
        if let found = list.queues.first?.recipient, AgentPrefix(found).bits == prefix.bits { return found }
        var query = ConnectionQuery()
        (query.agent, query.limit) = (prefix.bits, 1)
        if let found = try await loops.census(query, on: loop).get().connections.first?.agent { return found }
        throw AdminRefusal("no agent whose hash begins so is connected or has a queue: give its id, or all 64 digits")
    }

    func queues(_ question: QueueListQuestion) async throws -> QueueList {
        try await stored { choice.store.queues(question, completion: $0) }
    }

    /// A failure of the store, in words.
    func stored<Value: Sendable>(
        _ ask: (@escaping @Sendable (Result<Value, StoreFailure>) -> Void) -> Void
    ) async throws -> Value {
        let result = await withCheckedContinuation { continuation in ask { continuation.resume(returning: $0) } }
        do throws(StoreFailure) {
            return try result.get()
        } catch {
            throw StoreAnswer(failure: error)
        }
    }
}

struct StoreAnswer: Error, CustomStringConvertible {
    let failure: StoreFailure

    var description: String {
        switch failure {
        case .unavailable(let reason), .memoryFull(let reason): "the store is not available: \(reason)"
        case .diskFull: "the store's disk is full"
        case .closed: "the store is closed"
        }
    }
}

extension MonotonicNanoseconds {
    /// To the microsecond.
    var inSeconds: Double { Double(self / 1_000) / 1e6 }
}
