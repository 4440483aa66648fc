import Foundation
import Identity
import RelayAdmin
import Synchronization
import Testing
import WireProtocol

@Suite struct TraceTests {
    /// A relay that traces whom it is told to, but no more than one agent.
    private final class Answering: Sendable {
        let orders = Mutex<[TraceOrder]>([])

        var route: AdminRoute {
            .tracedAgents({ self.document }) { order throws(AdminRefusal) in
                self.orders.withLock { $0.append(order) }
                guard order.agent != "sha256:0000000000000000" else { throw AdminRefusal("64 are traced already") }
                return self.document
            }
        }

        private var document: TracedAgentsDocument {
            let traced = orders.withLock { $0.last }.flatMap { $0.forSeconds == nil ? nil : $0.agent }
            let agents = traced.map {
                [TracedAgentsDocument.Agent(agent: $0, until: "2026-11-23T09:32:43.123+00:00")]
            }
            return TracedAgentsDocument(agents: agents ?? [], limit: 64)
        }
    }

    private let relay = Answering()
    private let socket = "/tmp/tr-\(UUID().uuidString.prefix(8))"

    private func outcome(_ arguments: String...) async throws -> Run {
        let server = AdminServer()
        let router = AdminRouter([AdminRoute.tracedAgentsPath: relay.route])
        try await server.listen(unixSocket: socket, router: router)
        let result = Result { try Run.moltrelay(["trace"] + arguments + ["--socket", socket]) }
        try await server.close()
        return try result.get()
    }

    private var bob: String { String(AgentHash(agentID: "bob").description.prefix("sha256:".count + 16)) }

    @Test func `an agent is named by its id or by its hash`() async throws {
        #expect(try await outcome("bob").output == "\(bob) until 2026-11-23T09:32:43.123+00:00\n")
        _ = try await outcome(bob, "--for", "1h")
        _ = try await outcome(AgentHash(agentID: "bob").description, "--stop")
        #expect(
            relay.orders.withLock { $0 } == [
                TraceOrder(agent: bob, forSeconds: 600), TraceOrder(agent: bob, forSeconds: 3_600),
                TraceOrder(agent: bob, forSeconds: nil),
            ]
        )
    }

    @Test func `without an agent it lists and changes nothing`() async throws {
        #expect(try await outcome().output == "no agent is traced\n")
        #expect(try await outcome("--json").output == #"{"agents":[],"limit":64}"# + "\n")
        #expect(relay.orders.withLock { $0 } == [])
    }

    @Test func `a refusal and no relay end with 69`() async throws {
        let refused = try await outcome("sha256:0000000000000000")
        #expect(refused.status == 69)
        #expect(refused.errors == "moltrelay trace: the relay behind \(socket) refuses: 64 are traced already\n")
        #expect(try moltrelay("trace", "bob", "--socket", "/nonexistent/admin.sock").status == 69)
    }

    @Test(arguments: [
        ["--for", "10m"], ["--stop"], ["bob", "--stop", "--for", "1m"], ["sha256:12"], ["sha256:000000000000000g"],
        ["bob", "--for", "10"],
    ])
    func `what makes no sense ends with 64`(arguments: [String]) throws {
        #expect(try Run.moltrelay(["trace"] + arguments).status == 64)
    }
}
