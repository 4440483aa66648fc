import Foundation
import RelayAdmin
import Testing

@Suite struct StatusTests {
    private func withRelay(_ status: StatusDocument, _ body: (String) throws -> Void) async throws {
        let socket = "/tmp/st-\(UUID().uuidString.prefix(8))"
        let server = AdminServer()
        try await server.listen(unixSocket: socket, router: AdminRouter([AdminRoute.statusPath: .status { status }]))
        let result = Result { try body(socket) }
        try await server.close()
        try result.get()
    }

    @Test func aTableForPeople() async throws {
        try await withRelay(.sample) { (socket: String) throws in
            let outcome = try moltrelay("status", "--socket", socket)
            #expect(outcome.status == 0)
            #expect(outcome.errors == "")
            #expect(try outcome.output == goldenText("status.txt", actual: outcome.output))
        }
    }

    @Test func oneObjectForScripts() async throws {
        try await withRelay(.sample) { (socket: String) throws in
            let outcome = try moltrelay("status", "--json", "--socket", socket)
            #expect(outcome.status == 0)
            #expect(try outcome.output == goldenText("status.json", actual: outcome.output))
        }
    }

    @Test func theSocketIsFoundAsServeFindsIt() async throws {
        try await withRelay(.sample) { (socket: String) throws in
            let outcome = try moltrelay("status", environment: ["MOLTRELAY_ADMIN_SOCKET": socket])
            #expect(outcome.status == 0)
        }
    }

    @Test func noRelayEndsWith69() throws {
        let outcome = try moltrelay("status", "--socket", "/nonexistent/admin.sock")
        #expect(outcome.status == 69)
        #expect(outcome.output == "")
        #expect(
            outcome.errors
                == "moltrelay status: no relay is running: there is no admin socket at /nonexistent/admin.sock\n"
        )
    }
}

extension StatusDocument {
    fileprivate static let sample = StatusDocument(
        version: "0.1.0",
        relayID: "relay-prod-01",
        processID: 4711,
        state: .running,
        startedAt: "2026-11-23T09:22:43.123+00:00",
        uptimeSeconds: 93_784,
        listeners: [
            Listener(name: "websocket", address: "0.0.0.0:443", tls: true),
            Listener(name: "admin", address: "/run/moltrelay/admin.sock", tls: false),
        ],
        connections: Connections(active: 120, authenticated: 118, opened: 4096),
        messages: Messages(accepted: 1000, recovered: 7, delivered: 990, expired: 2, dropped: 3, inFlight: 5),
        queue: Queue(messages: 7, bytes: 2450, oldestAgeSeconds: 12.25),
        store: Store(kind: "sqlite", healthy: false, reason: "disk full"),
        health: Health(live: true, ready: false, started: true, failing: ["draining", "store"]),
        eventLoops: [
            EventLoop(index: 0, connections: 60, lagSeconds: 0.00051),
            EventLoop(index: 1, connections: 60, lagSeconds: 0),
        ]
    )
}
