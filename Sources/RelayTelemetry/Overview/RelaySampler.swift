public import RelayCore
import Synchronization
import Telemetry

/// The relay's last minutes in memory, a sample a second, so that a page has something to draw when it opens. Reads
/// what the registry counts anyway; nothing on a message's way knows of it.
public final class RelaySampler: Sendable {
    /// Samples kept: five minutes.
    public static let kept = 300
    /// Seconds that quantiles and rates of the moment are taken over.
    static let windowSamples = 10

    fileprivate let instruments: RelayInstruments
    private let loops: @Sendable () -> RelayReadings.Loops
    private let store: @Sendable () -> StoreTotals
    private let state = Mutex(State())

    private struct State {
        var samples: [RelaySample] = []
        /// The newest last.
        var counts: [SampledCounts] = []
        var taken: UInt64 = 0
    }

    public init(_ instruments: RelayInstruments, readings: RelayReadings) {
        self.instruments = instruments
        (loops, store) = (readings.loops, readings.store)
    }

    /// To be called once a second. The first call only begins the first second.
    public func sample(at now: MonotonicNanoseconds) {
        let counts = SampledCounts(instruments.messages, at: now)
        let (loops, store) = (loops(), store())
        state.withLock { state in
            defer { state.counts = state.counts.suffix(Self.windowSamples) + [counts] }
            guard let before = state.counts.last, counts.time > before.time else { return }
            state.taken += 1
            let latency = counts.latency.since(before.latency)
            let sample = RelaySample(
                number: state.taken,
                rates: counts.rates(since: before),
                medianLatency: latency.quantile(0.5),
                p99Latency: latency.quantile(0.99),
                connections: loops.connections,
                queued: store.messages,
                inFlight: loops.messagesInFlight
            )
            state.samples = state.samples.suffix(Self.kept - 1) + [sample]
        }
    }

    /// The samples after that number, the oldest first.
    public func samples(after number: UInt64 = 0) -> [RelaySample] {
        state.withLock { state in state.samples.filter { $0.number > number } }
    }

    /// The last seconds together; empty until the first second has passed.
    public var window: RelayWindow {
        state.withLock { state in
            guard let first = state.counts.first, let last = state.counts.last else { return .empty }
            return last.window(since: first)
        }
    }
}

/// What was counted up to a moment.
private struct SampledCounts {
    let time: MonotonicNanoseconds
    private let accepted: UInt64
    private let settled: [String: UInt64]
    let latency: Distribution
    private let stages: [Distribution]

    init(_ messages: MessageFamilies, at now: MonotonicNanoseconds) {
        time = now
        accepted = messages.total.total()
        settled = Dictionary(
            uniqueKeysWithValues: MessageFate.labels.enumerated().map { ($1, messages.settled.total($0)) }
        )
        latency = messages.latency.distribution()
        stages = MessageStage.allCases.map { messages.stage.distribution($0.place) }
    }

    func rates(since before: SampledCounts) -> MessageRatesByFate {
        let seconds = seconds(since: before)
        func rate(_ now: UInt64?, _ then: UInt64?) -> Double {
            let (now, then) = (now ?? 0, then ?? 0)
            return seconds > 0 ? Double(now - min(now, then)) / seconds : 0
        }
        return MessageRatesByFate(
            accepted: rate(accepted, before.accepted),
            delivered: rate(settled["delivered"], before.settled["delivered"]),
            expired: rate(settled["expired"], before.settled["expired"]),
            dropped: rate(settled["dropped"], before.settled["dropped"])
        )
    }

    func window(since before: SampledCounts) -> RelayWindow {
        let ways = zip(MessageStage.allCases, zip(stages, before.stages))
        return RelayWindow(
            seconds: seconds(since: before),
            rates: rates(since: before),
            latency: Quantiles(latency.since(before.latency)),
            stages: ways.map { stage, counts in
                RelayWindow.Stage(name: stage.rawValue, quantiles: Quantiles(counts.0.since(counts.1)))
            }
        )
    }

    private func seconds(since before: SampledCounts) -> Double {
        Double(time - min(time, before.time)) / 1e9
    }
}

extension Quantiles {
    fileprivate init(_ distribution: Distribution) {
        self.init(
            count: distribution.count,
            p50: distribution.quantile(0.5),
            p95: distribution.quantile(0.95),
            p99: distribution.quantile(0.99)
        )
    }
}

extension RelayWindow {
    fileprivate static let empty = RelayWindow(
        seconds: 0,
        rates: MessageRatesByFate(),
        latency: Quantiles(count: 0),
        stages: []
    )
}

/// What a relay counted since its start, beside its messages' fates.
public struct RelayTotals: Sendable, Equatable {
    public var slowConsumers: UInt64
    public var redeliveries: UInt64
    public var connectionErrors: UInt64
    public var droppedByReason: [String: UInt64]
}

extension RelaySampler {
    public var totals: RelayTotals {
        let dropped = DropReason.allCases.enumerated().map { place, reason in
            (reason.rawValue, instruments.messages.dropped.total(place))
        }
        return RelayTotals(
            slowConsumers: instruments.connections.slowConsumers.total(),
            redeliveries: instruments.messages.redeliveries.total(),
            connectionErrors: instruments.connections.errors.total(),
            droppedByReason: Dictionary(uniqueKeysWithValues: dropped)
        )
    }
}
