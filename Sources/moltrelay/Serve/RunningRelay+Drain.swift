import Logging
import RelayCore
import RelayTelemetry
import RelayTransport
import Telemetry
import WireProtocol

extension RunningRelay {
    /// For a relay that is to end: where somebody drains it by hand, that is the drain.
    func drain(skippingReadinessDelay skipsDelay: Bool) async {
        await drainState.whenEnded()
        guard drainState.phase != .drained else { return }
        var order = drainState.order
        order.skipsReadinessDelay = skipsDelay
        await drain(order, isByHand: false)
    }

    func drainByHand() async {
        await drain(drainState.order, isByHand: true)
        guard drainState.phase == .drained else { return }
        let reason = "the relay is drained; `moltrelay drain --resume` takes agents again"
        checks.registry.hold("draining", reason: reason, at: clock())
    }

    /// Readiness fails first, so that load balancers send nobody new; then agents are told to go elsewhere, what is
    /// under way ends within the time-out, and connections close.
    private func drain(_ order: DrainState.Order, isByHand: Bool) async {
        let drain = configuration.server.drain
        checks.registry.hold("draining", reason: "the relay is draining", at: clock())
        logger.notice("drain started", metadata: ["connections": "\(gauges.sum.connections)"])
        let delay = order.skipsReadinessDelay ? 0 : drain.readinessDelayMilliseconds
        guard drainState.wait(within: delay, isByHand: isByHand) else { return }
        if delay > 0 { try? await Task.sleep(for: .milliseconds(delay)) }
        guard drainState.leaveWaiting(within: drain.timeoutMilliseconds) else { return }
        await closeToAgents()
        sendAgentsAway(
            after: order.reconnectAfterMilliseconds ?? drain.reconnectAfterMilliseconds,
            to: drain.alternateRelay
        )
        let isDone = await finishWhatIsUnderWay(within: .milliseconds(drain.timeoutMilliseconds))
        let left = gauges.sum.messagesInFlight
        await disconnectAll()
        drainState.ended(isComplete: isDone)
        logger.notice(
            "drain finished",
            metadata: ["complete": "\(isDone)", "in_flight": "\(left)"]
        )
    }

    /// The drain is off, and nobody was sent away.
    func welcome() {
        checks.registry.release("draining", at: clock())
        logger.notice("drain ended, agents may connect")
    }

    /// After a drain: on the port that agents know.
    func openAgain() async throws {
        try await reopenToAgents()
        drainState.resumed()
        welcome()
    }

    private func sendAgentsAway(after delay: Int, to alternate: String?) {
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
