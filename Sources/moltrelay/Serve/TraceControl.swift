import Logging
import RelayAdmin
import RelayCore
import RelayTelemetry
import Telemetry

/// `moltrelay trace`: whose every message is traced for a while.
struct TraceControl: Sendable {
    private static let maxSeconds: UInt64 = 86_400

    /// nil where tracing is off.
    let forced: ForcedAgents?
    let logger: Logger
    let clock: @Sendable () -> MonotonicNanoseconds

    var route: AdminRoute {
        .tracedAgents({ document }, set: { order throws(AdminRefusal) in try carryOut(order) })
    }

    private var document: TracedAgentsDocument {
        let clocks = ClockPair(monotonic: clock(), wallClock: WallClock.unixNanoseconds())
        let agents = forced?.active(at: clocks.monotonic) ?? []
        return TracedAgentsDocument(
            agents: agents.map { agent, end in
                TracedAgentsDocument.Agent(
                    agent: AgentPrefix(bits: agent).description,
                    until: RFC3339.string(
                        unixMilliseconds: (clocks.wallClock + Int64(end - clocks.monotonic)) / 1_000_000
                    )
                )
            },
            limit: ForcedAgents.maxAgents
        )
    }

    private func carryOut(_ order: TraceOrder) throws(AdminRefusal) -> TracedAgentsDocument {
        guard let forced else {
            throw AdminRefusal("this relay makes no traces: its configuration has tracing.enabled: false")
        }
        guard let agent = AgentPrefix(order.agent) else {
            throw AdminRefusal("agent is sha256: and 16 to 64 hexadecimal digits, not \(order.agent.prefix(80))")
        }
        guard let seconds = order.forSeconds else {
            if forced.release(agent.bits, at: clock()) { tell("agent traced no longer, by hand", agent) }
            return document
        }
        guard (1...Self.maxSeconds).contains(seconds) else {
            throw AdminRefusal("for_seconds is a number of seconds, from 1 to \(Self.maxSeconds)")
        }
        let now = clock()
        guard forced.force(agent.bits, until: now + seconds * .seconds(1), at: now) else {
            throw AdminRefusal("\(ForcedAgents.maxAgents) agents are traced already: end one with --stop")
        }
        tell("agent traced by hand", agent, ["for_s": "\(seconds)"])
        return document
    }

    private func tell(_ what: Logger.Message, _ agent: AgentPrefix, _ fields: Logger.Metadata = [:]) {
        logger.notice(what, metadata: fields.merging(["agent_id_hash": "\(agent)"]) { $1 })
    }
}
