public import Telemetry

/// Where a scrape finds what the relay says of itself. Each is read at every scrape, on the scraping thread.
public struct SelfReadings: Sendable {
    public struct Configuration: Sendable, Equatable {
        /// 48 bits, so that a floating point sample holds them.
        public var hash: UInt64 = 0
        public var isTaken = true
        /// Seconds since 1970.
        public var takenAt = 0.0

        public init() {}
    }

    public struct Volume: Sendable {
        /// `store` or `log`.
        public var name: String
        /// Bytes this process may still write there.
        public var free: @Sendable () -> Int

        public init(name: String, free: @escaping @Sendable () -> Int) {
            self.name = name
            self.free = free
        }
    }

    /// Of the listener for agents.
    public struct Certificate: Sendable, Equatable {
        /// Seconds since 1970; 0 without TLS.
        public var notAfter = 0.0
        /// Since the start.
        public var taken: UInt64 = 0
        public var refused: UInt64 = 0
        /// Seconds since 1970; 0 where no authority is asked.
        public var renewal = 0.0
        /// Since the start.
        public var orders: [CertificateOrderResult: UInt64] = [:]

        public init() {}
    }

    /// Security events for a table of PostgreSQL, since the start.
    public struct Audit: Sendable, Equatable {
        public var written: UInt64 = 0
        public var lost: [ExportLoss: UInt64] = [:]

        public init() {}
    }

    public var configuration: @Sendable () -> Configuration
    public var certificate: @Sendable () -> Certificate
    public var volumes: [Volume]
    /// Since the start.
    public var spansLost: @Sendable (ExportLoss) -> UInt64
    public var traces: @Sendable () -> TraceTotals
    public var audit: @Sendable () -> Audit

    public init(
        configuration: @escaping @Sendable () -> Configuration = { Configuration() },
        certificate: @escaping @Sendable () -> Certificate = { Certificate() },
        volumes: [Volume] = [],
        spansLost: @escaping @Sendable (ExportLoss) -> UInt64 = { _ in 0 },
        traces: @escaping @Sendable () -> TraceTotals = { TraceTotals() },
        audit: @escaping @Sendable () -> Audit = { Audit() }
    ) {
        self.configuration = configuration
        self.certificate = certificate
        self.volumes = volumes
        self.spansLost = spansLost
        self.traces = traces
        self.audit = audit
    }
}

extension SelfReadings {
    func register(
        in registry: MetricRegistry,
        logs: @escaping @Sendable () -> RelayReadings.Logs,
        statsd: StatsdMetrics
    ) throws(MetricDeclarationError) {
        try registerConfiguration(in: registry)
        try registerCertificate(in: registry)
        try registerVolumes(in: registry)
        try registerLosses(in: registry, logs, statsd)
        try TraceTotals.register(in: registry, traces)
    }

    private func registerConfiguration(in registry: MetricRegistry) throws(MetricDeclarationError) {
        let hash = try registry.gauge(RelayCatalogue.configHash).shared()
        let success = try registry.gauge(RelayCatalogue.lastReloadSuccess).shared()
        let time = try registry.gauge(RelayCatalogue.lastReloadTime).shared()
        registry.beforeScrape { [configuration] in
            let configuration = configuration()
            hash.set(Double(configuration.hash))
            success.set(configuration.isTaken ? 1 : 0)
            time.set(configuration.takenAt)
        }
    }

    private func registerCertificate(in registry: MetricRegistry) throws(MetricDeclarationError) {
        let expiry = try registry.gauge(RelayCatalogue.tlsCertificateExpiry).shared()
        let reloads = try registry.counter(RelayCatalogue.tlsCertificateReloads)
        let (taken, refused) = (reloads.shared(0), reloads.shared(1))
        let renewal = try registry.gauge(RelayCatalogue.tlsCertificateRenewal).shared()
        let ordered = try registry.counter(RelayCatalogue.tlsCertificateOrders)
        let orders = CertificateOrderResult.allCases.enumerated().map { ($1, ordered.shared($0)) }
        registry.beforeScrape { [certificate] in
            let certificate = certificate()
            expiry.set(certificate.notAfter)
            taken.raise(to: certificate.taken)
            refused.raise(to: certificate.refused)
            renewal.set(certificate.renewal)
            for (result, counter) in orders { counter.raise(to: certificate.orders[result] ?? 0) }
        }
    }

    private func registerVolumes(in registry: MetricRegistry) throws(MetricDeclarationError) {
        guard !volumes.isEmpty else { return }
        let gauge = try registry.gauge(RelayCatalogue.diskFree(volumes.map(\.name)))
        let gauges = volumes.indices.map { gauge.shared($0) }
        registry.beforeScrape { [volumes] in
            for (gauge, volume) in zip(gauges, volumes) { gauge.set(Double(volume.free())) }
        }
    }

    private func registerLosses(
        in registry: MetricRegistry,
        _ logs: @escaping @Sendable () -> RelayReadings.Logs,
        _ statsd: StatsdMetrics
    ) throws(MetricDeclarationError) {
        let family = try registry.counter(RelayCatalogue.telemetryLost)
        let causes = ExportLoss.allCases
        let written = try registry.counter(RelayCatalogue.auditRecords).shared()
        let counters = (0..<RelayCatalogue.lostSignals.count * causes.count).map { family.shared($0) }
        registry.beforeScrape { [spansLost, audit] in
            let (logs, audit) = (logs(), audit())
            written.raise(to: audit.written)
            for (place, cause) in causes.enumerated() {
                // A record that finds the writer's buffer full is the one way to lose it.
                if cause == .queueFull { counters[place].raise(to: logs.dropped) }
                counters[causes.count + place].raise(to: spansLost(cause))
                counters[2 * causes.count + place].raise(to: statsd.lost(cause))
                counters[3 * causes.count + place].raise(to: audit.lost[cause] ?? 0)
            }
        }
    }
}

extension StatsdMetrics {
    fileprivate func lost(_ cause: ExportLoss) -> UInt64 {
        switch cause {
        case .tooLarge: oversized
        case .unreachable: lost
        case .refused: refused
        case .queueFull: 0
        }
    }
}
