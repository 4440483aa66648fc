import Logging
import RelayCore
import RelayTelemetry
import Synchronization
import Telemetry

/// A line for each slow message whose trace is kept, up to a rate: where its time went, and the way to its trace.
final class SlowMessageLog: Sendable {
    private struct State {
        var limit: RateLimit
        var leftOut = 0
    }

    private let logger: Logger
    private let state: Mutex<State>

    init(_ logger: Logger, perSecond: Double) {
        self.logger = logger
        state = Mutex(State(limit: RateLimit(perSecond: perSecond)))
    }

    func write(_ message: MessageTrace) {
        guard message.isSlow, let leftOut = admit(at: message.ended) else { return }
        var fields = Self.fields(message)
        if leftOut > 0 { fields["left_out"] = "\(leftOut)" }
        logger.warning("slow message", metadata: fields)
    }

    /// How many were left out since the last line; nil where this one is too.
    private func admit(at now: MonotonicNanoseconds) -> Int? {
        state.withLock { state in
            guard state.limit.take(at: now) else {
                state.leftOut += 1
                return nil
            }
            defer { state.leftOut = 0 }
            return state.leftOut
        }
    }

    private static func fields(_ message: MessageTrace) -> Logger.Metadata {
        var fields: Logger.Metadata = [
            "trace_id": "\(message.trace.hex)", "span_id": "\(message.rootSpan.hex)",
            "message_id": "\(message.identity.id)", "attempts": "\(message.attempts)",
            "sender_hash": "\(AgentPrefix(bits: message.identity.sender))",
            "recipient_hash": "\(AgentPrefix(bits: message.identity.recipient))",
        ]
        for (stage, nanoseconds) in message.stages {
            fields["\(stage)_ms"] = "\(Double(nanoseconds / 1_000) / 1_000)"
        }
        return fields
    }
}
