import Foundation
import NIOHTTP1
import Telemetry
import Testing

@testable import RelayAdmin

extension StatusDocument {
    static let sample = StatusDocument(
        version: "0.1.0",
        relayID: "relay-prod-01",
        processID: 4711,
        state: .running,
        startedAt: "2026-11-23T09:22:43.123+00:00",
        uptimeSeconds: 3600.5,
        listeners: [
            Listener(name: "websocket", address: "0.0.0.0:443", tls: true),
            Listener(name: "admin", address: "/run/moltrelay/admin.sock", tls: false),
        ],
        connections: Connections(active: 120, authenticated: 118, opened: 4096),
        messages: Messages(accepted: 1000, recovered: 7, delivered: 990, expired: 2, dropped: 3, inFlight: 5),
        queue: Queue(messages: 7, bytes: 2450, oldestAgeSeconds: 12.25),
        store: Store(kind: "sqlite", healthy: false, reason: "disk full"),
        health: Health(live: true, ready: false, started: true, failing: ["store"]),
        eventLoops: [EventLoop(index: 0, connections: 60, lagSeconds: 0.0005)]
    )
}

@Suite struct StatusDocumentTests {
    private func documented() throws -> Data {
        try RelayAdminTests.documented("`moltrelay status --json`", in: .commands)[0]
    }

    @Test func `the document is the one in docs/cli-json.md`() throws {
        try expectDocumented(documented(), is: StatusDocument.sample)
    }

    @Test func `a reader ignores members it does not know and misses none it needs`() throws {
        let members = try JSONSerialization.jsonObject(with: documented()) as? NSDictionary
        let extended = try #require(members?.mutableCopy() as? NSMutableDictionary)
        extended["invented_later"] = 1
        let data = try JSONSerialization.data(withJSONObject: extended)
        #expect(try JSONDecoder().decode(StatusDocument.self, from: data) == .sample)
    }

    @Test func `health is told with what it waits for`() {
        let registry = HealthRegistry(latches: [("listeners", "not open yet")], at: 0) { _ in }
        _ = registry.register(HealthCheck(name: "store", tiers: [.readiness], maxAge: 10), at: 0)
        #expect(
            StatusDocument.Health(registry.snapshot(at: 1))
                == StatusDocument.Health(live: true, ready: false, started: false, failing: ["listeners", "store"])
        )
    }
}
