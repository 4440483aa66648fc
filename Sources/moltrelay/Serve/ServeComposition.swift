import Identity
import Logging
import NIOCore
import NIOPosix
import RelayAdmin
import RelayCore
import RelayTelemetry
import RelayTransport
import Synchronization
import Telemetry

/// Puts the rooms together, from the bottom up, and opens the doors last.
struct ServeComposition {
    let configuration: Configuration
    let log: LogBackend
    let logger: Logger

    func start() async throws -> RunningRelay {
        let clock: @Sendable () -> MonotonicNanoseconds = { NIODeadline.now().uptimeNanoseconds }
        let limits = CgroupLimits.ofThisProcess()
        raiseOpenFiles()
        let identity = try RelayIdentity(
            relayID: configuration.auth.relayID,
            privateKeyFile: configuration.auth.privateKeyFile
        )
        let certificate = try ListenerCertificate(configuration, logger: logger)
        let tokens = try AccessTokens(configuration)
        let blocked = try BlockList(folder: configuration.stateFolder)
        let choice = try await StoreChoice(configuration, logger)
        if let audit = choice.audit { log.watch(audit.note) }
        if choice.rowsKeptAside > 0 {
            logger.warning("damaged messages are kept aside", metadata: ["count": "\(choice.rowsKeptAside)"])
        }
        let threads = limits.eventLoops(availableCPUs: System.coreCount)
        let loops = DataLoops(
            group: MultiThreadedEventLoopGroup(numberOfThreads: threads),
            clock: RelayClock { [logger] in $0.tell(logger) }
        )
        let registry = MetricRegistry(shards: loops.loops.count)
        let gauges = LoopGauges()
        let state = ConfigurationState(configuration)
        let volumes = volumes(choice)
        let memory = MemoryWatch(configured: configuration.limits.maxMemoryBytes, limits: limits, logger: logger)
        let flights = flights(loops: loops.loops.count, clock)
        let tracing = try Tracing(configuration, clock: clock, logger: logger)
        tracing?.bootstrap()
        if let traces = tracing?.messages { choice.traceMoves(in: traces, clock) }
        let readings = readings(gauges, choice, loops.clock, memory)
        let instruments = try RelayInstruments(
            registry: registry,
            readings: readings,
            selfReadings: selfReadings(state, volumes, tracing, certificate, choice),
            build: .this,
            flights: flights
        )
        let health = makeHealth(instruments, clock)
        let relays = try await loops.start(
            settings: configuration.relaySettings,
            store: choice.queue,
            rates: configuration.messageRates
        ) { instruments.observer(loop: $0, traces: tracing?.messages) }.get()
        gauges.set(relays)
        let workers = NIOThreadPool(numberOfThreads: threads)
        workers.start()
        let running = RunningRelay(
            configuration: configuration,
            configurationState: state,
            logger: logger,
            log: log,
            identity: identity,
            certificate: certificate,
            loops: loops,
            gauges: gauges,
            instruments: instruments,
            sampler: RelaySampler(instruments, readings: readings),
            tracing: tracing,
            registry: registry,
            exposition: try MetricExposition(registry: registry, selfPrefix: RelayCatalogue.selfPrefix),
            statsd: statsd(registry, instruments),
            flights: flights,
            choice: choice,
            workers: workers,
            checks: HealthChecks(
                registry: health,
                probes: probes(loops, choice, gauges, volumes, state, memory, certificate),
                clock: clock
            ),
            memory: memory,
            tokens: tokens,
            blocked: blocked,
            clock: clock
        )
        running.checks.report()
        do {
            try await running.openDoors()
        } catch {
            await running.stop()
            throw error
        }
        return running
    }

    private func statsd(_ registry: MetricRegistry, _ instruments: RelayInstruments) -> StatsdExporter? {
        let settings = configuration.metrics.statsd
        guard configuration.metrics.enabled, settings.enabled else { return nil }
        return StatsdExporter(
            registry: registry,
            host: settings.address.host,
            port: settings.address.port,
            options: StatsdOptions(
                flavor: settings.flavor,
                prefix: settings.prefix,
                sampleRate: settings.sampleRate,
                tags: ["relay_id:\(configuration.auth.relayID)"],
                flushInterval: .milliseconds(settings.flushIntervalMilliseconds),
                maxDatagramBytes: settings.maxDatagramBytes
            ),
            metrics: instruments.statsd,
            logger: logger
        )
    }

    private func flights(
        loops: Int,
        _ clock: @escaping @Sendable () -> MonotonicNanoseconds
    ) -> FlightRecorder? {
        let bytes = configuration.tracing.recorderBytes
        let flights = FlightRecorder(loops: loops, bytes: bytes, clock: clock)
        if flights == nil, bytes > 0 {
            logger.warning("no memory for the flight recorder", metadata: ["bytes": "\(bytes)"])
        }
        return flights
    }

    private func raiseOpenFiles() {
        guard let limit = OpenFileLimit.raised() else { return }
        guard let warning = limit.warning(maxConnections: configuration.limits.maxConnections) else { return }
        logger.warning("too few open files for max_connections", metadata: ["reason": "\(warning)"])
    }

    private func readings(
        _ gauges: LoopGauges,
        _ choice: StoreChoice,
        _ clock: RelayClock,
        _ memory: MemoryWatch
    ) -> RelayReadings {
        let (log, store) = (log, choice.store)
        return RelayReadings(
            loops: { gauges.sum },
            store: { store.totals },
            counts: choice.readings,
            logs: {
                var logs = RelayReadings.Logs()
                let statistics = log.statistics
                logs.written = statistics.written
                logs.dropped = statistics.dropped.total
                logs.heldBack = statistics.heldBack
                logs.writeErrors = statistics.writeErrors
                logs.followers = log.tail.followers
                logs.missed = log.tail.missed
                return logs
            },
            clock: {
                var reading = RelayReadings.Clock()
                reading.now = clock.now
                reading.jumps = clock.jumps
                reading.aheadMilliseconds = clock.aheadMilliseconds
                return reading
            },
            memory: { memory.reading }
        )
    }
}

extension SteadyClock.Change {
    fileprivate func tell(_ logger: Logger) {
        switch self {
        case .jumped(let milliseconds):
            logger.warning("system clock jumped, not followed yet", metadata: Self.fields(milliseconds))
        case .returned: logger.notice("system clock came back")
        case .followed(let milliseconds):
            logger.warning("system clock followed", metadata: Self.fields(milliseconds))
        }
    }

    private static func fields(_ milliseconds: Int64) -> Logger.Metadata {
        ["by_seconds": "\(Double(milliseconds) / 1_000)"]
    }
}

extension BuildLabels {
    static var this: BuildLabels {
        let build = BuildIdentity()
        return BuildLabels(version: build.version, swift: build.swift)
    }
}

/// The event loops' gauges, once they have started.
final class LoopGauges: Sendable {
    private let relays = Mutex<[RelayGauges]>([])

    func set(_ gauges: [RelayGauges]) { relays.withLock { $0 = gauges } }

    var all: [RelayGauges] { relays.withLock { $0 } }

    var sum: RelayReadings.Loops {
        var sum = RelayReadings.Loops()
        for gauges in all {
            sum.connections += gauges.connections
            sum.messagesInFlight += gauges.inFlight
            sum.outboxBytes += gauges.outboxBytes
            sum.committingBytes += gauges.committingBytes
        }
        return sum
    }
}
