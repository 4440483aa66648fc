import Logging
import NIOCore
import RelayAdmin
import RelayCore
import RelayTransport
import Telemetry
import WireProtocol

/// `moltrelay agent`: what is known of one, keeping it out, letting it in, and freeing its id.
struct AgentControl: Sendable {
    private static let maxReasonBytes = 200

    let steering: Steering
    let blocked: BlockList

    var routes: [String: AdminRoute] {
        [
            AdminRoute.agentsPath: .agent(on: steering.workers) { text, loop in
                loop.makeFutureWithTask { try await document(of: try await steering.agent(text, on: loop), on: loop) }
            },
            AdminRoute.blockPath: verb(block), AdminRoute.unblockPath: verb(unblock),
            AdminRoute.unpinPath: verb(unpin),
        ]
    }

    private func verb(
        _ carryOut: @escaping @Sendable (AgentHash, AgentOrder, any EventLoop) async throws -> Void
    ) -> AdminRoute {
        .verb { (order: AgentOrder, loop: any EventLoop) in
            loop.makeFutureWithTask {
                let agent = try await steering.agent(order.agent, on: loop)
                try await carryOut(agent, order, loop)
                return try await document(of: agent, on: loop)
            }
        }
    }

    /// From now on, over restarts too; those that are connected go at once.
    private func block(_ agent: AgentHash, _ order: AgentOrder, _ loop: any EventLoop) async throws {
        if let reason = order.reason, reason.utf8.count > Self.maxReasonBytes {
            throw AdminRefusal("reason is \(Self.maxReasonBytes) bytes at most")
        }
        let since = UnixMilliseconds(max(0, WallClock.unixMilliseconds()))
        try change { () throws(BlockList.Failure) in
            try blocked.block(agent, BlockList.Entry(since: since, reason: order.reason))
        }
        var query = ConnectionQuery()
        query.agent = agent.uniformBits
        let disconnect = Disconnect.operatorClosed(reconnectAfterMilliseconds: nil)
        let closed = try await steering.loops.close(query, by: disconnect, on: loop).get()
        var fields: Logger.Metadata = ["agent_id_hash": "\(agent)", "count": "\(closed.count)"]
        if let reason = order.reason { fields["reason"] = "\(reason)" }
        steering.tell(.agentBlocked, fields)
    }

    private func unblock(_ agent: AgentHash, _ order: AgentOrder, _ loop: any EventLoop) async throws {
        var wasBlocked = false
        try change { () throws(BlockList.Failure) in wasBlocked = try blocked.unblock(agent) }
        guard wasBlocked else { throw AdminRefusal("this agent is not blocked") }
        steering.tell(.agentUnblocked, ["agent_id_hash": "\(agent)"])
    }

    /// Whoever is connected stays; the next claim of the id stands.
    private func unpin(_ agent: AgentHash, _ order: AgentOrder, _ loop: any EventLoop) async throws {
        let pin = try await steering.stored { steering.choice.store.unpin(agent, completion: $0) }
        guard pin != nil else { throw AdminRefusal("this agent's id is pinned to no key") }
        steering.tell(.agentUnpinned, ["agent_id_hash": "\(agent)"])
    }

    private func change(_ body: () throws(BlockList.Failure) -> Void) throws {
        do throws(BlockList.Failure) {
            try body()
        } catch {
            throw AdminRefusal(error.description)
        }
    }

    private func document(of agent: AgentHash, on loop: any EventLoop) async throws -> AgentDocument {
        var query = ConnectionQuery()
        (query.agent, query.limit) = (agent.uniformBits, ConnectionQuery.maxLimit)
        let page = try await steering.loops.census(query, on: loop).get()
        let pin = try await steering.stored { steering.choice.store.pinnedKey(of: agent, completion: $0) }
        let status = try await steering.stored { steering.choice.store.status(of: agent, completion: $0) }
        let (clocks, now) = (steering.clocks, steering.loops.clock.now)
        return AgentDocument(
            agent: agent.description,
            blocked: blocked.entry(of: agent).map { entry in
                AgentDocument.Block(
                    since: RFC3339.string(unixMilliseconds: Int64(clamping: entry.since)),
                    reason: entry.reason
                )
            },
            pinned: pin.map { AgentDocument.Pin(key: Ed25519Text.encode($0.publicKey), org: $0.org) },
            queuedMessages: status.messages,
            oldestAgeSeconds: status.oldestAcceptedAt.map { Double(now - min(now, $0)) / 1_000 },
            connections: page.connections.map { ConnectionsDocument.Connection($0, clocks) }
        )
    }
}
