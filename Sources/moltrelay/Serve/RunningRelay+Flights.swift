import RelayAdmin
import RelayCore
import RelayTelemetry
import Telemetry
import WireProtocol

extension RunningRelay {
    /// What `moltrelay explain` and `slow` ask for.
    var flightRoutes: [String: AdminRoute] {
        [AdminRoute.messagesPath: messageRoute, AdminRoute.slowPath: slowRoute]
    }

    var messageRoute: AdminRoute { .messages(on: workers) { self.explanation(of: $0) } }
    var slowRoute: AdminRoute { .slow(on: workers) { self.slowMessages($0) } }

    private func slowMessages(_ question: SlowQuestion) -> SlowDocument {
        let span = UInt64(question.seconds) * .seconds(1)
        let slowest = flights?.slowest(span: span, limit: question.limit, queued: question.queued)
        let clocks = ClockPair(monotonic: clock(), wallClock: WallClock.unixNanoseconds())
        return SlowDocument(
            at: clocks.text(clocks.monotonic),
            since: slowest.map { clocks.text($0.since) },
            queued: question.queued,
            messages: (slowest?.messages ?? []).map { SlowDocument.Message($0, clocks) }
        )
    }

    private func explanation(of text: String) -> MessageDocument? {
        guard let id = MessageID(uuid: text) else { return nil }
        let found = flights?.flights(of: id) ?? []
        let clocks = ClockPair(monotonic: clock(), wallClock: WallClock.unixNanoseconds())
        let reach = flights?.reach
        let totals = choice.store.totals
        return MessageDocument(
            id: id.description,
            at: clocks.text(clocks.monotonic),
            recorder: MessageDocument.Recorder(
                enabled: flights != nil,
                since: reach.map { clocks.text($0.since) },
                records: reach?.records ?? 0
            ),
            queue: MessageDocument.Queue(
                messages: totals.messages,
                oldestAcceptedAt: totals.oldestAcceptedAt.map { RFC3339.string(unixMilliseconds: Int64($0)) }
            ),
            messages: found.map { MessageDocument.Message($0, clocks) }
        )
    }
}

extension MessageDocument.Message {
    init(_ flight: Flight, _ clocks: ClockPair) {
        let times = flight.steps.map(\.time)
        let (first, last) = (times.first ?? 0, times.last ?? 0)
        let outcome = Outcome(flight.outcome)
        let trace = flight.trace.map { TraceID(high: $0.high, low: $0.low) }
        self.init(
            sender: flight.sender.map { AgentPrefix(bits: $0).description },
            recipient: flight.recipient.map { AgentPrefix(bits: $0).description },
            mode: flight.mode?.label,
            bytes: flight.bytes,
            fate: outcome.fate,
            reason: outcome.reason,
            waitsFor: outcome.waitsFor,
            waitingSeconds: outcome.waitsFor.map { _ in Self.seconds(last, clocks.monotonic) },
            nack: flight.refusal?.rawValue,
            attempts: flight.attempts,
            copies: flight.copies,
            queued: flight.isQueued,
            traceID: (trace ?? TraceID(high: flight.id.halves.high, low: flight.id.halves.low)).hex,
            traced: trace != nil,
            seconds: Self.seconds(first, last),
            steps: zip(flight.steps, [first] + times).map { step, previous in
                MessageDocument.Step(
                    stage: step.stage.rawValue,
                    at: clocks.text(step.time),
                    seconds: Self.seconds(previous, step.time),
                    attempt: step.attempt
                )
            }
        )
    }

    private static func seconds(_ start: MonotonicNanoseconds, _ end: MonotonicNanoseconds) -> Double {
        Double(end > start ? end - start : 0) / 1e9
    }

}

extension SlowDocument.Message {
    fileprivate init(_ message: SlowMessage, _ clocks: ClockPair) {
        let outcome = message.outcome.map(Outcome.init)
        self.init(
            id: message.identity.id.description,
            sender: AgentPrefix(bits: message.identity.sender).description,
            recipient: AgentPrefix(bits: message.identity.recipient).description,
            mode: message.mode?.label,
            writtenAt: clocks.text(message.written),
            seconds: Double(message.nanoseconds) / 1e9,
            slowestStage: message.slowestStage.rawValue,
            slowestStageSeconds: Double(message.slowestNanoseconds) / 1e9,
            stages: message.stages.map {
                SlowDocument.Stage(stage: $0.stage.rawValue, seconds: Double($0.nanoseconds) / 1e9)
            },
            fate: outcome?.fate,
            reason: outcome?.reason
        )
    }
}

/// The words of the contract.
private struct Outcome {
    var fate: String
    var reason: String?
    var waitsFor: String?

    init(_ outcome: Flight.Outcome) {
        switch outcome {
        case .delivered: fate = "delivered"
        case .expired: fate = "expired"
        case .dropped(let drop): (fate, reason) = ("dropped", drop.rawValue)
        case .refused(let code): (fate, reason) = ("refused", code.rawValue)
        case .underWay(let wait): (fate, waitsFor) = ("under_way", wait.rawValue)
        }
    }
}
