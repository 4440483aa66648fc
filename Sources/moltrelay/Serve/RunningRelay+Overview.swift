import RelayAdmin
import RelayTelemetry
import Telemetry

extension RunningRelay {
    /// What the page at `/ui` and `moltrelay top` show. Reads counters; waits for nothing.
    func overview(after number: UInt64) -> OverviewDocument {
        let health = checks.registry.snapshot(at: clock())
        let clocks = ClockPair(of: health)
        let samples = sampler.samples(after: number)
        return OverviewDocument(
            at: clocks.text(clocks.monotonic),
            status: status,
            health: HealthDocument(health, clocks),
            now: OverviewDocument.Now(sampler.window),
            history: OverviewDocument.History(samples, last: number),
            totals: overviewTotals,
            outboxBytes: gauges.sum.outboxBytes
        )
    }

    /// The page at `/ui`, and what it asks for.
    var pageRoutes: [String: AdminRoute] {
        PageRoutes(access: DetailedAccess(token: tokens.health)).routes(
            overview: .overview { self.overview(after: $0) },
            slow: slowRoute,
            message: messageRoute,
            connections: connectionControl.reading,
            queue: queueControl.reading,
            logs: .logs(log.tail, canFollow: false)
        )
    }

    private var overviewTotals: OverviewDocument.Totals {
        let totals = sampler.totals
        return OverviewDocument.Totals(
            slowConsumers: totals.slowConsumers,
            redeliveries: totals.redeliveries,
            connectionErrors: totals.connectionErrors,
            droppedByReason: totals.droppedByReason.filter { $0.value > 0 }
        )
    }
}

extension OverviewDocument.Rates {
    fileprivate init(_ rates: MessageRatesByFate) {
        self.init(
            accepted: tenths(rates.accepted),
            delivered: tenths(rates.delivered),
            expired: tenths(rates.expired),
            dropped: tenths(rates.dropped)
        )
    }
}

extension OverviewDocument.Quantiles {
    fileprivate init(_ quantiles: Quantiles) {
        self.init(
            count: quantiles.count,
            p50: microseconds(quantiles.p50),
            p95: microseconds(quantiles.p95),
            p99: microseconds(quantiles.p99)
        )
    }
}

extension OverviewDocument.Now {
    fileprivate init(_ window: RelayWindow) {
        self.init(
            seconds: tenths(window.seconds),
            rates: OverviewDocument.Rates(window.rates),
            latency: OverviewDocument.Quantiles(window.latency),
            stages: window.stages.map {
                OverviewDocument.Stage(stage: $0.name, quantiles: OverviewDocument.Quantiles($0.quantiles))
            }
        )
    }
}

extension OverviewDocument.History {
    fileprivate init(_ samples: [RelaySample], last: UInt64) {
        self.init(
            last: samples.last?.number ?? last,
            rates: samples.map { OverviewDocument.Rates($0.rates) },
            p50: samples.map { microseconds($0.medianLatency) },
            p99: samples.map { microseconds($0.p99Latency) },
            connections: samples.map(\.connections),
            queued: samples.map(\.queued),
            inFlight: samples.map(\.inFlight)
        )
    }
}

private func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }

/// Of seconds, to a tenth of one: what a quantile is good for.
private func microseconds(_ seconds: Double?) -> Double? { seconds.map { ($0 * 1e7).rounded() / 1e7 } }
