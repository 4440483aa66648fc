import Foundation
import NIOCore
import RelayAdmin
import Synchronization
import Testing

/// What `agent`, `config show` and `reload` print.
@Suite struct SteeringOutputTests {
    private static let hash = "sha256:81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9"

    private func connection() throws -> ConnectionsDocument.Connection {
        let page = try JSONDecoder().decode(
            ConnectionsDocument.self,
            from: Data(contentsOf: goldenFolder.appending(path: "connections.json"))
        )
        return try #require(page.connections.first)
    }

    private func agent(isBlocked: Bool) throws -> AgentDocument {
        AgentDocument(
            agent: Self.hash,
            blocked: isBlocked ? .init(since: "2026-11-23T09:30:00.000+00:00", reason: "floods\u{1B}[2J") : nil,
            pinned: isBlocked ? nil : .init(key: "ed25519:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", org: "acme"),
            queuedMessages: isBlocked ? 0 : 3,
            oldestAgeSeconds: isBlocked ? nil : 60.5,
            connections: isBlocked ? [] : [try connection()]
        )
    }

    private func outcome(of arguments: [String], _ document: AgentDocument) async throws -> Run {
        let relay = AnsweringRelay()
        let asked = AdminRoute.agent(on: relay.workers) { hash, loop in
            #expect(hash == Self.hash)
            return loop.makeSucceededFuture(document)
        }
        return try await relay.whileAnswering([AdminRoute.agentsPath: asked]) { socket in
            try Run.moltrelay(["agent"] + arguments + ["--socket", socket])
        }
    }

    @Test(arguments: [("agent.txt", false), ("agent-blocked.txt", true)])
    func `an agent for people`(file: String, isBlocked: Bool) async throws {
        let outcome = try await outcome(of: ["show", "bob"], try agent(isBlocked: isBlocked))
        #expect(outcome.status == 0 && outcome.errors == "")
        #expect(try outcome.output == goldenText(file, actual: outcome.output))
    }

    @Test func `an agent for scripts`() async throws {
        let expected = try agent(isBlocked: false)
        let outcome = try await outcome(of: ["show", Self.hash, "--json"], expected)
        #expect(try JSONDecoder().decode(AgentDocument.self, from: Data(outcome.output.utf8)) == expected)
        #expect(try outcome.output == goldenText("agent.json", actual: outcome.output))
    }

    private static let configuration = ConfigurationDocument(
        file: "/etc/moltrelay/config.yaml",
        settings: [
            .init(key: "logging.level", value: "debug", origin: "/etc/moltrelay/config.yaml:12:10", pending: nil),
            .init(
                key: "storage.redis.password",
                value: "(withheld)",
                origin: "MOLTRELAY_REDIS_PASSWORD",
                pending: nil
            ),
            .init(key: "queue.retention_hours", value: "168", origin: "at the start", pending: "24"),
        ]
    )

    @Test(arguments: [("config.txt", []), ("config.json", ["--json"])])
    func `a configuration`(file: String, flags: [String]) async throws {
        let outcome = try await AnsweringRelay().whileAnswering([
            AdminRoute.configPath: .document { Self.configuration }
        ]) {
            try Run.moltrelay(["config", "show", "--socket", $0] + flags)
        }
        #expect(outcome.status == 0)
        #expect(try outcome.output == goldenText(file, actual: outcome.output))
    }

    private static let reloads: [String: ReloadDocument] = [
        "reload.txt": ReloadDocument(
            taken: true,
            changed: ["logging.level"],
            restart: ["queue.retention_hours"],
            findings: ["config.yaml:3:4: auth.require_auth: false lets anybody send as any agent: for development only"]
        ),
        "reload-nothing.txt": ReloadDocument(taken: true, changed: [], restart: [], findings: []),
        "reload-refused.txt": ReloadDocument(
            taken: false,
            changed: [],
            restart: [],
            findings: ["config.yaml:1:18: logging.level: 'loud' is not one of debug, info, warn, error"]
        ),
    ]

    @Test(arguments: reloads.keys.sorted()) func `a reload`(file: String) async throws {
        let document = try #require(Self.reloads[file])
        let route = AdminRoute.verb { (_: ReloadOrder) throws(AdminRefusal) in document }
        let outcome = try await AnsweringRelay().whileAnswering([AdminRoute.reloadPath: route]) {
            try Run.moltrelay(["reload", "--socket", $0])
        }
        #expect(outcome.status == (document.taken ? 0 : 1))
        #expect(try outcome.output == goldenText(file, actual: outcome.output))
    }
}
