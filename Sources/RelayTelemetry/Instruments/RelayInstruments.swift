public import RelayCore
public import Telemetry

/// The relay's metrics, declared in a registry whose shards are the event loops that carry messages.
public struct RelayInstruments: Sendable {
    public let health: HealthInstruments
    public let http: HTTPInstruments
    public let statsd: StatsdMetrics
    let messages: MessageFamilies
    let connections: ConnectionFamilies
    let tls: TLSFamilies
    let store: StoreFamilies
    let compression: CompressionFamilies
    let eventLoopLag: HistogramFamily
    let flights: FlightRecorder?

    /// - Parameters:
    ///   - registry: with one shard a loop.
    ///   - flights: with one ring a loop; nil where none is kept.
    public init(
        registry: MetricRegistry,
        readings: RelayReadings,
        selfReadings: SelfReadings = SelfReadings(),
        build: BuildLabels,
        flights: FlightRecorder? = nil
    ) throws(MetricDeclarationError) {
        messages = try MessageFamilies(registry)
        connections = try ConnectionFamilies(registry)
        tls = try TLSFamilies(registry)
        store = try StoreFamilies(registry)
        compression = try CompressionFamilies(registry)
        try registry.gauge(RelayCatalogue.buildInfo(build)).shared().set(1)
        eventLoopLag = try registry.histogram(RelayCatalogue.eventLoopLag)
        health = try HealthInstruments(registry)
        http = try HTTPInstruments(registry)
        try readings.register(in: registry)
        try ProcessMetrics.register(in: registry)
        statsd = try StatsdMetrics(registry: registry, prefix: RelayCatalogue.selfPrefix)
        try selfReadings.register(in: registry, logs: readings.logs, statsd: statsd)
        self.flights = flights
        try FlightRecorder.register(flights, in: registry)
    }

    /// The observer of one event loop, to be made once for each and called on that loop only.
    /// - Parameter traces: nil where nothing is traced.
    public func observer(loop: Int, traces: MessageTraces? = nil) -> LoopObserver {
        LoopObserver(self, shard: loop, traces: traces)
    }

    /// Leads from the histograms that a first attempt was observed in to its trace. For whoever has the trace's spans,
    /// on any thread: shards count apart and have their exemplars together.
    public func keep(_ exemplar: Exemplar, of timeline: MessageTimeline, queued: Bool) {
        MessageInstruments(messages, shard: 0).keep(exemplar, of: timeline, queued: queued)
    }
}

/// Declared once, for all loops.
struct MessageFamilies: Sendable {
    let total, accepted, settled, dropped, redeliveries, duplicatesJoined, unknownAcknowledgements, nacks: CounterFamily
    let latency, stage, acknowledgementLatency, size, queueWait: HistogramFamily

    init(_ registry: MetricRegistry) throws(MetricDeclarationError) {
        total = try registry.counter(RelayCatalogue.messagesTotal)
        accepted = try registry.counter(RelayCatalogue.messagesAccepted)
        settled = try registry.counter(RelayCatalogue.messagesSettled)
        dropped = try registry.counter(RelayCatalogue.messagesDropped)
        redeliveries = try registry.counter(RelayCatalogue.redeliveries)
        duplicatesJoined = try registry.counter(RelayCatalogue.duplicatesJoined)
        unknownAcknowledgements = try registry.counter(RelayCatalogue.unknownAcknowledgements)
        nacks = try registry.counter(RelayCatalogue.nacks)
        latency = try registry.histogram(RelayCatalogue.messageLatency)
        stage = try registry.histogram(RelayCatalogue.messageStage)
        acknowledgementLatency = try registry.histogram(RelayCatalogue.acknowledgementLatency)
        size = try registry.histogram(RelayCatalogue.messageSize)
        queueWait = try registry.histogram(RelayCatalogue.queueWait)
    }
}

struct ConnectionFamilies: Sendable {
    let opened, closed, errors, failures, refusals, proxyHeaders, ratesUntracked, authentications: CounterFamily
    let framesReceived, slowConsumers, senderPauses, acceptPauses: CounterFamily
    let duration, handshakeDuration: HistogramFamily

    init(_ registry: MetricRegistry) throws(MetricDeclarationError) {
        opened = try registry.counter(RelayCatalogue.connectionsOpened)
        closed = try registry.counter(RelayCatalogue.connectionsClosed)
        errors = try registry.counter(RelayCatalogue.connectionErrors)
        failures = try registry.counter(RelayCatalogue.connectionFailures)
        refusals = try registry.counter(RelayCatalogue.connectionRefusals)
        proxyHeaders = try registry.counter(RelayCatalogue.proxyHeaders)
        ratesUntracked = try registry.counter(RelayCatalogue.ratesUntracked)
        authentications = try registry.counter(RelayCatalogue.authentications)
        framesReceived = try registry.counter(RelayCatalogue.framesReceived)
        slowConsumers = try registry.counter(RelayCatalogue.slowConsumers)
        senderPauses = try registry.counter(RelayCatalogue.senderPauses)
        acceptPauses = try registry.counter(RelayCatalogue.acceptPauses)
        duration = try registry.histogram(RelayCatalogue.connectionDuration)
        handshakeDuration = try registry.histogram(RelayCatalogue.handshakeDuration)
    }
}

struct CompressionFamilies: Sendable {
    let input, output, failures, waits: CounterFamily
    let time: HistogramFamily

    init(_ registry: MetricRegistry) throws(MetricDeclarationError) {
        input = try registry.counter(RelayCatalogue.compressionInput)
        output = try registry.counter(RelayCatalogue.compressionOutput)
        failures = try registry.counter(RelayCatalogue.compressionFailures)
        waits = try registry.counter(RelayCatalogue.compressionWaits)
        time = try registry.histogram(RelayCatalogue.compressionTime)
    }
}

struct StoreFamilies: Sendable {
    let operations, elided, failures: CounterFamily
    let commitDuration, batchOperations: HistogramFamily

    init(_ registry: MetricRegistry) throws(MetricDeclarationError) {
        operations = try registry.counter(RelayCatalogue.storeOperations)
        elided = try registry.counter(RelayCatalogue.storeElided)
        failures = try registry.counter(RelayCatalogue.storeFailures)
        commitDuration = try registry.histogram(RelayCatalogue.storeCommitDuration)
        batchOperations = try registry.histogram(RelayCatalogue.storeBatchOperations)
    }
}
