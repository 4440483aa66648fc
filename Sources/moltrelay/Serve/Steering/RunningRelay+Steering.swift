import Identity
import RelayAdmin
import RelayCore

extension RunningRelay {
    /// What the operator's commands ask for and order.
    var steeringRoutes: [String: AdminRoute] {
        connectionControl.routes
            .merging(queueControl.routes) { $1 }
            .merging(DrainControl(relay: self, steering: steering).routes) { $1 }
            .merging(AgentControl(steering: steering, blocked: blocked).routes) { $1 }
            .merging(ConfigurationControl(relay: self, steering: steering).routes) { $1 }
    }

    var connectionControl: ConnectionControl { ConnectionControl(steering: steering) }
    var queueControl: QueueControl { QueueControl(steering: steering) }

    private var steering: Steering {
        Steering(
            relayID: identity.relayID,
            loops: loops,
            choice: choice,
            queueLimits: configuration.queueLimits,
            retention: UnixMilliseconds(configuration.queue.retentionHours) * 3_600_000,
            workers: workers,
            logger: logger,
            clock: clock
        )
    }
}
