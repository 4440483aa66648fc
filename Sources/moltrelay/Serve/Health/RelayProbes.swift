import RelayCore
import RelayStores
import RelayTLS
import RelayTelemetry
import RelayTransport
import Synchronization
import Telemetry

/// Where the relay's checks look.
struct RelayProbes: Sendable {
    let loops: DataLoops
    let choice: StoreChoice
    let gauges: LoopGauges
    let volumes: [VolumeWatch]
    let log: LogBackend
    let state: ConfigurationState
    let limits: QueueLimits
    let memory: MemoryWatch
    let certificate: ListenerCertificate?
    /// Sockets of agents that the limit on open files leaves.
    let maxSockets: Int

    /// What can take traffic away first.
    var all: [HealthProbe] {
        [
            eventLoops, store, spill, disk, queue, connections, accepting, logWriter, clock, configuration, shortage,
            listenerCertificate,
        ]
    }

    private var listenerCertificate: HealthProbe {
        HealthProbe("certificate", [.readiness]) { [certificate] _ in
            guard let certificate else { return HealthReport(.pass) }
            let complaint = certificate.automatic?.complaint
            guard !certificate.tls.certificates.isEmpty else { return .missingCertificate(complaint) }
            return .certificate(
                notAfter: certificate.notAfter,
                refusal: certificate.refusal,
                renewal: complaint,
                least: certificate.leastSeconds,
                now: ListenerCertificate.now
            )
        }
    }

    private var eventLoops: HealthProbe {
        HealthProbe("event_loops", [.liveness, .readiness], failAfter: 2) { [loops] _ in
            .eventLoops(loops.loops.map { ($0.silence, $0.lag) })
        }
    }

    private var store: HealthProbe {
        let stall = Remembered(StoreStall())
        // A server that comes late is no reason to end this process, as a startup probe that fails would.
        let tiers: Set<HealthTier> = choice.isRemote ? [.readiness] : [.readiness, .startup]
        return HealthProbe("store", tiers, failAfter: 2, passAfter: 2) { [choice, gauges] now in
            let (commits, waiting) = (choice.commits, choice.isDurable ? gauges.sum.committingBytes : 0)
            let stalled = stall.value.withLock {
                $0.looked(commits: commits?.count ?? 0, waitingBytes: waiting, at: now)
            }
            return .store(
                choice.store.health,
                stalled: stalled,
                lastCommit: commits?.last,
                complaint: choice.complaint
            )
        }
    }

    private var spill: HealthProbe {
        HealthProbe("spill") { [choice] _ in choice.spill.map { .spill($0.statistics) } ?? HealthReport(.pass) }
    }

    private var disk: HealthProbe {
        HealthProbe("disk", passAfter: 4) { [volumes] now in
            .disk(volumes.map { ($0.name, $0.room, $0.ask(at: now)) })
        }
    }

    private var queue: HealthProbe {
        HealthProbe("queue", passAfter: 4) { [choice, limits] _ in
            .queue(choice.store.totals, maxBytes: limits.maxTotalBytes, maxMessages: choice.maxMessages)
        }
    }

    private var connections: HealthProbe {
        HealthProbe("connections", passAfter: 4) { [gauges, state, maxSockets] _ in
            .connections(gauges.sum.connections, of: min(state.maxConnections, maxSockets))
        }
    }

    private var logWriter: HealthProbe {
        let watch = Remembered(LossWatch())
        return HealthProbe("log", passAfter: LossWatch.looksOfAMinute) { [log] _ in
            let statistics = log.statistics
            let loss = watch.value.withLock {
                $0.looked(dropped: statistics.dropped.total, failed: statistics.writeErrors)
            }
            return .log(loss)
        }
    }

    private var clock: HealthProbe {
        HealthProbe("clock") { [loops] _ in .clock(aheadMilliseconds: loops.clock.aheadMilliseconds) }
    }

    private var accepting: HealthProbe {
        HealthProbe("accepting", passAfter: 4) { [loops] now in .accepting(isPaused: loops.accepting.isPaused(at: now))
        }
    }

    private var shortage: HealthProbe {
        HealthProbe("memory") { [memory] _ in
            let (bytes, ceiling, level) = memory.now
            return .memory(level, bytes: bytes, ceiling: ceiling)
        }
    }

    private var configuration: HealthProbe {
        HealthProbe("configuration") { [state] _ in .configuration(isTaken: state.reading.isTaken) }
    }
}

/// What a check knows from its last look.
private final class Remembered<Value: Sendable>: Sendable {
    let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }
}
