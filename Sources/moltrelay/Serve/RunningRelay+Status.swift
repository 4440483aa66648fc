import Glibc
import Identity
import RelayAdmin
import RelayCore
import RelayTelemetry
import RelayTransport
import Telemetry

extension RunningRelay {
    /// What `moltrelay status` shows. Reads counters; waits for nothing.
    var status: StatusDocument {
        let now = clock()
        let uptime = now > startedAt ? now - startedAt : 0
        let health = checks.registry.snapshot(at: now)
        return StatusDocument(
            version: BuildIdentity.version,
            relayID: identity.relayID,
            processID: getpid(),
            state: state(health),
            startedAt: RFC3339.string(unixMilliseconds: startedAtWallClock),
            uptimeSeconds: Double(uptime) / 1e9,
            listeners: listeners,
            connections: connections,
            messages: messages,
            queue: queue,
            store: store,
            health: StatusDocument.Health(health),
            eventLoops: eventLoops
        )
    }

    private func state(_ health: HealthSnapshot) -> StatusDocument.State {
        switch drainState.phase {
        case .waiting, .draining: .draining
        case .drained: .drained
        case .running: health.isHealthy(.startup) ? .running : .starting
        }
    }

    private var connections: StatusDocument.Connections {
        StatusDocument.Connections(
            active: gauges.sum.connections,
            authenticated: gauges.all.reduce(0) { $0 + $1.agents },
            opened: registry.total("moltrelay_connections_opened_total")
        )
    }

    private var messages: StatusDocument.Messages {
        StatusDocument.Messages(
            accepted: registry.total("moltrelay_messages_total"),
            recovered: UInt64(max(0, choice.store.totals.recovered)),
            delivered: registry.total("moltrelay_messages_settled_total", "delivered"),
            expired: registry.total("moltrelay_messages_settled_total", "expired"),
            dropped: registry.total("moltrelay_messages_settled_total", "dropped"),
            inFlight: gauges.sum.messagesInFlight
        )
    }

    private var queue: StatusDocument.Queue {
        let totals = choice.store.totals
        let now = loops.clock.now
        return StatusDocument.Queue(
            messages: totals.messages,
            bytes: totals.bytes,
            oldestAgeSeconds: totals.oldestAcceptedAt.map { Double(now - min(now, $0)) / 1_000 }
        )
    }

    private var store: StatusDocument.Store {
        switch choice.store.health {
        case .ok: StatusDocument.Store(kind: choice.kind, healthy: true, reason: nil)
        case .failing(let reason, _): StatusDocument.Store(kind: choice.kind, healthy: false, reason: reason)
        }
    }

    private var eventLoops: [StatusDocument.EventLoop] {
        zip(loops.loops, gauges.all).map { loop, gauges in
            StatusDocument.EventLoop(
                index: loop.index,
                connections: gauges.connections,
                lagSeconds: Double(loop.lag) / 1e9
            )
        }
    }
}
