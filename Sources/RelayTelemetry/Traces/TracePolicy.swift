import RelayCore
import Telemetry
import WireProtocol

/// Which messages are traced, rates aside. The same message is judged alike on every loop and after a restart.
struct TracePolicy: Sendable {
    private let sampler: RatioSampler
    private let slow: MonotonicNanoseconds

    init(_ settings: TraceSettings) {
        sampler = RatioSampler(ratio: settings.ratio)
        slow = settings.slow
    }

    /// Whatever becomes of the message.
    /// - Parameter forced: as `ForcedAgents.prefixes`.
    func head(_ identity: MessageIdentity, parent: TraceContext?, forced: [UInt64]) -> TraceReason? {
        if !forced.isEmpty, forced.contains(identity.sender) || forced.contains(identity.recipient) { return .forced }
        if let parent { return parent.isSampled ? .parent : nil }
        return samples(identity.id) ? .ratio : nil
    }

    /// Neither sampled nor worth a trace for how it went, as nearly all messages are.
    @inline(__always)
    func isOrdinary(
        _ id: MessageID,
        _ timeline: MessageTimeline,
        _ fate: MessageFate,
        queued: Bool,
        attempts: Int
    ) -> Bool {
        guard case .delivered = fate, attempts <= 1 else { return false }
        return !isSlow(timeline, queued: queued) && !samples(id)
    }

    @inline(__always)
    func samples(_ id: MessageID) -> Bool { sampler.samples(bits: id.uniformBits) }

    /// For what became of it.
    func tail(_ timeline: MessageTimeline, _ fate: MessageFate, queued: Bool, attempts: Int) -> TraceReason? {
        switch fate {
        case .delivered: attempts > 1 ? .failed : isSlow(timeline, queued: queued) ? .slow : nil
        // The first copy counts, and its sender has its answer.
        case .dropped(.duplicate): nil
        case .dropped, .expired: .failed
        }
    }

    @inline(__always)
    func isSlow(_ timeline: MessageTimeline, queued: Bool) -> Bool {
        let start = queued ? timeline.routed : timeline.received
        return start != 0 && timeline.written > start && timeline.written - start > slow
    }
}
