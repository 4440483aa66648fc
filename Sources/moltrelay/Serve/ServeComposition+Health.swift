import RelayCore
import RelayTelemetry
import RelayTransport
import Telemetry

extension ServeComposition {
    func makeHealth(
        _ instruments: RelayInstruments,
        _ clock: @Sendable () -> MonotonicNanoseconds
    ) -> HealthRegistry {
        let logger = logger
        // Alive until the loops say otherwise, and not draining: only turns are told from here on.
        instruments.health.turned(tier: HealthTier.liveness.rawValue, isHealthy: true)
        instruments.health.turned(check: "draining", to: .pass)
        return HealthRegistry(
            latches: [("listeners", "the listeners are not open yet")],
            at: clock()
        ) { change in change.tell(logger, instruments.health) }
    }

    func volumes(_ choice: StoreChoice) -> [VolumeWatch] {
        var volumes: [VolumeWatch] = []
        if configuration.queue.storage == .sqlite {
            volumes.append(VolumeWatch(name: "store", file: configuration.storage.sqlite.path))
        }
        if choice.spill != nil, let path = configuration.storage.spill.path {
            volumes.append(VolumeWatch(name: "spill", file: path))
        }
        if case .file(let path) = configuration.logging.output {
            volumes.append(VolumeWatch(name: "log", file: path))
        }
        return volumes
    }

    func selfReadings(
        _ state: ConfigurationState,
        _ volumes: [VolumeWatch],
        _ tracing: Tracing?,
        _ certificate: ListenerCertificate?,
        _ choice: StoreChoice
    ) -> SelfReadings {
        SelfReadings(
            configuration: { state.reading },
            certificate: { certificate?.reading ?? SelfReadings.Certificate() },
            volumes: volumes.map { volume in SelfReadings.Volume(name: volume.name) { volume.room?.free ?? 0 } },
            spansLost: { tracing?.lost($0) ?? 0 },
            traces: { tracing?.totals ?? TraceTotals() },
            audit: { choice.audit?.reading ?? SelfReadings.Audit() }
        )
    }

    func probes(
        _ loops: DataLoops,
        _ choice: StoreChoice,
        _ gauges: LoopGauges,
        _ volumes: [VolumeWatch],
        _ state: ConfigurationState,
        _ memory: MemoryWatch,
        _ certificate: ListenerCertificate?
    ) -> [HealthProbe] {
        RelayProbes(
            loops: loops,
            choice: choice,
            gauges: gauges,
            volumes: volumes,
            log: log,
            state: state,
            limits: configuration.queueLimits,
            memory: memory,
            certificate: certificate,
            maxSockets: OpenFileLimit.current()?.room ?? .max
        ).all
    }
}
