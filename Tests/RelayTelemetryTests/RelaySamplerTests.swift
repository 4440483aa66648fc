import RelayCore
import Testing
import WireProtocol

@testable import RelayTelemetry

@Suite struct RelaySamplerTests {
    private let relay: ObservedRelay
    private let sampler: RelaySampler

    init() throws {
        relay = try ObservedRelay()
        sampler = RelaySampler(relay.instruments, readings: relay.readings)
    }

    /// Delivered after so many nanoseconds.
    private func deliver(_ count: Int, after latency: UInt64 = 1_000_000) {
        var way = MessageTimeline(received: 1_000)
        (way.routed, way.enqueued) = (1_000, 1_000)
        way.written = 1_000 + latency
        let facts: [MessageFact] = [
            .accepted(.example, mode: .bestEffort, bytes: 1),
            .settled(.example, way, mode: .bestEffort, fate: .delivered, queued: false, attempts: 1),
        ]
        for number in 0..<count { relay.state(facts, loop: number % 2) }
    }

    @Test func `rates are by the time that passed, from all loops`() {
        deliver(100)
        sampler.sample(at: .seconds(10))
        #expect(sampler.samples().isEmpty, "what was before the first call is no second's")
        deliver(30)
        relay.state([.dropped(.outboxFull)])
        sampler.sample(at: .seconds(10) + 1_500_000_000)
        let sample = sampler.samples().first
        #expect(sample?.rates == MessageRatesByFate(accepted: 20, delivered: 20, expired: 0, dropped: 1 / 1.5))
        #expect(sampler.totals.droppedByReason["outbox_full"] == 1)
        sampler.sample(at: .seconds(12))
        #expect(sampler.samples().last?.rates == MessageRatesByFate())
        #expect(sampler.samples().last?.medianLatency == nil)
    }

    @Test func `quantiles are of the last seconds only, within a tenth`() throws {
        sampler.sample(at: 0)
        deliver(1000, after: 500_000_000)
        sampler.sample(at: .seconds(1))
        for second in 2...20 {
            deliver(98, after: 1_000_000)
            deliver(2, after: 40_000_000)
            sampler.sample(at: .seconds(UInt64(second)))
        }
        let latency = sampler.window.latency
        #expect(latency.count == 1000)
        #expect(sampler.window.seconds == 10)
        #expect(abs(try #require(latency.p50) - 0.001) < 0.000_1)
        #expect(abs(try #require(latency.p95) - 0.001) < 0.000_1)
        #expect(abs(try #require(latency.p99) - 0.04) < 0.004)
        #expect(sampler.window.stages.map(\.name) == ["route", "enqueue", "write", "store"])
        #expect(sampler.window.stages.map(\.quantiles.count) == [1000, 1000, 1000, 0])
        #expect(sampler.window.rates.delivered == 100)
    }

    @Test func `five minutes are kept, and who knows some is given the rest`() {
        for second in 0...1000 { sampler.sample(at: .seconds(UInt64(second))) }
        #expect(sampler.samples().count == RelaySampler.kept)
        #expect(sampler.samples().last?.number == 1000)
        #expect(sampler.samples(after: 998).map(\.number) == [999, 1000])
        #expect(sampler.samples(after: 1000).isEmpty)
    }

    @Test func `what the tables hold is as it is now`() {
        sampler.sample(at: 0)
        var loops = RelayReadings.Loops()
        (loops.connections, loops.messagesInFlight) = (7, 3)
        relay.set(loops)
        relay.set(StoreTotals(messages: 5, bytes: 50))
        sampler.sample(at: .seconds(1))
        let sample = sampler.samples().last
        #expect(sample.map { [$0.connections, $0.inFlight, $0.queued] } == [7, 3, 5])
    }
}
