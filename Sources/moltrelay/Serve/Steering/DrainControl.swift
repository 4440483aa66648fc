import Glibc
import Logging
import NIOCore
import RelayAdmin
import RelayCore
import RelayTelemetry
import Telemetry

/// `moltrelay drain`: sends every agent away, and stays; or lets them come again.
struct DrainControl: Sendable {
    private static let maxReconnectMilliseconds = 600_000

    let relay: RunningRelay
    let steering: Steering

    var routes: [String: AdminRoute] {
        [
            AdminRoute.drainPath: .document { document }.and(
                .verb { (order: DrainOrder) throws(AdminRefusal) in try drain(order) }
            ),
            AdminRoute.resumePath: .verb { (_: ResumeOrder, loop: any EventLoop) in
                loop.makeFutureWithTask { try await resume() }
            },
        ]
    }

    private var document: DrainDocument {
        let (reading, sum, clocks) = (relay.drainState.reading, relay.gauges.sum, steering.clocks)
        return DrainDocument(
            state: DrainDocument.State(reading.phase),
            since: clocks.text(reading.since),
            secondsLeft: reading.deadline.map { ($0 - min($0, clocks.monotonic)).inSeconds },
            connections: sum.connections,
            inFlight: sum.messagesInFlight,
            outboxBytes: sum.outboxBytes,
            complete: reading.isComplete
        )
    }

    private func drain(_ order: DrainOrder) throws(AdminRefusal) -> DrainDocument {
        let delay = order.reconnectAfterMilliseconds
        if let delay, !(0...Self.maxReconnectMilliseconds).contains(delay) {
            throw AdminRefusal("reconnect_after_ms is 0 to \(Self.maxReconnectMilliseconds), not \(delay)")
        }
        let wanted = DrainState.Order(
            reconnectAfterMilliseconds: delay,
            skipsReadinessDelay: order.now ?? false
        )
        if order.exit ?? false { return leave(wanted) }
        guard relay.drainState.begin(wanted, { await relay.drainByHand() }) else {
            guard relay.drainState.phase == .drained else { throw AdminRefusal("a drain is under way already") }
            return document
        }
        tell(.drainOrdered, delay)
        return document
    }

    /// As a signal does, so that one way out of the process is enough.
    private func leave(_ order: DrainState.Order) -> DrainDocument {
        relay.drainState.prepare(order)
        tell(.drainOrdered, order.reconnectAfterMilliseconds, ["exit": "true"])
        kill(getpid(), order.skipsReadinessDelay ? SIGINT : SIGTERM)
        return document
    }

    private func resume() async throws -> DrainDocument {
        switch relay.drainState.phase {
        case .running: throw AdminRefusal("the relay is not draining")
        case .draining: throw AdminRefusal("agents are being sent away: resume once the relay is drained")
        case .waiting:
            guard await relay.drainState.callOff() else {
                throw AdminRefusal("agents are being sent away: resume once the relay is drained")
            }
            relay.welcome()
        case .drained:
            do {
                try await relay.openAgain()
            } catch {
                throw AdminRefusal("agents cannot be let in again: \(error)")
            }
        }
        tell(.drainResumed, nil)
        return document
    }

    private func tell(_ event: AuditEvent, _ delay: Int?, _ fields: Logger.Metadata = [:]) {
        steering.tell(event, delay.map { fields.merging(["reconnect_after_ms": "\($0)"]) { $1 } } ?? fields)
    }
}

extension DrainDocument.State {
    fileprivate init(_ phase: DrainState.Phase) {
        self =
            switch phase {
            case .running: .running
            case .waiting: .waiting
            case .draining: .draining
            case .drained: .drained
            }
    }
}
