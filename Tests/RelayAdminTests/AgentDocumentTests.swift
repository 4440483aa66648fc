import Foundation
import Testing

@testable import RelayAdmin

@Suite struct AgentDocumentTests {
    @Test func `the documents are those in docs/admin-api.md`() throws {
        let hash = "sha256:81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9"
        let blocks = try documented("Agents")
        let document = AgentDocument(
            agent: hash,
            blocked: AgentDocument.Block(since: "2026-11-23T09:30:00.000+00:00", reason: "floods"),
            pinned: AgentDocument.Pin(key: "ed25519:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", org: "acme"),
            queuedMessages: 3,
            oldestAgeSeconds: 60.5,
            connections: []
        )
        try expectDocumented(blocks[0], is: document)
        try expectDocumented(blocks[1], is: AgentOrder(agent: hash, reason: "floods"))
    }

    @Test func `those about the configuration are too`() throws {
        let blocks = try documented("Configuration")
        let settings = [
            ("logging.level", "debug", "/etc/moltrelay/config.yaml:12:10", nil),
            ("storage.redis.password", "(withheld)", "MOLTRELAY_REDIS_PASSWORD", nil),
            ("queue.retention_hours", "168", "at the start", "24"),
        ].map { ConfigurationDocument.Setting(key: $0, value: $1, origin: $2, pending: $3) }
        try expectDocumented(
            blocks[0],
            is: ConfigurationDocument(file: "/etc/moltrelay/config.yaml", settings: settings)
        )
        let reload = ReloadDocument(
            taken: true,
            changed: ["logging.level"],
            restart: ["queue.retention_hours"],
            findings: []
        )
        try expectDocumented(blocks[1], is: reload)
    }
}
