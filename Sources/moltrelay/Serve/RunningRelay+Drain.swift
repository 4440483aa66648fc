import Logging
import RelayCore
import RelayTelemetry
import RelayTransport
import Telemetry
import WireProtocol

extension RunningRelay {
    /// Readiness fails first, so that load balancers send nobody new; then agents are told to go elsewhere, what is
    /// under way ends within the time-out, and connections close.
    func drain(skippingReadinessDelay skipsDelay: Bool) async {
        let drain = configuration.server.drain
        checks.registry.hold("draining", reason: "the relay is draining", at: clock())
        logger.notice("drain started", metadata: ["connections": "\(gauges.sum.connections)"])
        if !skipsDelay { try? await Task.sleep(for: .milliseconds(drain.readinessDelayMilliseconds)) }
        await closeToAgents()
        sendAgentsAway(drain)
        let isDone = await finishWhatIsUnderWay(within: .milliseconds(drain.timeoutMilliseconds))
        let left = gauges.sum.messagesInFlight
        await disconnectAll()
        logger.notice(
            "drain finished",
            metadata: ["complete": "\(isDone)", "in_flight": "\(left)"]
        )
    }

    private func sendAgentsAway(_ drain: Configuration.Server.Drain) {
        let alternate = drain.alternateRelay
        let delay = drain.reconnectAfterMilliseconds
        for loop in loops.loops {
            loop.perform { relay in
                for connection in relay.openConnections {
                    // Spread over as much again, so that they do not all come to the next relay at once.
                    let jittered = UInt64(delay + Int.random(in: 0...max(1, delay)))
                    connection.drain(reconnectAfterMilliseconds: jittered, alternateRelay: alternate)
                }
            }
        }
    }

    /// - Returns: whether all of it ended in time.
    private func finishWhatIsUnderWay(within limit: Duration) async -> Bool {
        let deadline = ContinuousClock.now.advanced(by: limit)
        // Two looks in a row: a batch on its way between two loops is in neither table for a moment.
        var quietLooks = 0
        while ContinuousClock.now < deadline {
            let sum = gauges.sum
            quietLooks =
                sum.messagesInFlight == 0 && sum.outboxBytes == 0 && sum.committingBytes == 0 ? quietLooks + 1 : 0
            if quietLooks == 3 || sum.connections == 0 && quietLooks > 0 { return true }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    private func disconnectAll() async {
        for loop in loops.loops {
            loop.perform { relay in
                for connection in relay.openConnections {
                    connection.disconnect(.drain(reconnectAfterMilliseconds: nil))
                }
            }
        }
        let deadline = ContinuousClock.now.advanced(by: .seconds(3))
        while gauges.sum.connections > 0 || gauges.sum.committingBytes > 0, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}

extension Configuration.Server.Drain {
    /// Milliseconds that a drain takes at most, all agents told and their connections closed.
    func limit(skippingReadinessDelay skipsDelay: Bool) -> Int {
        (skipsDelay ? 0 : readinessDelayMilliseconds) + timeoutMilliseconds
    }
}
