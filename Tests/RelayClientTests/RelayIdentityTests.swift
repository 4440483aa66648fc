import Foundation
import Identity
import RelayClient
import RelayFixture
import Testing
import WireProtocol

@Suite(.timeLimit(.minutes(2))) struct RelayIdentityTests {
    private let key: Ed25519.PrivateKey
    private let keyFile = FileManager.default.temporaryDirectory.appending(path: "relay-\(UUID().uuidString).key").path

    init() throws {
        key = try .generate()
        try KeyFile.write(key.pem(), to: keyFile)
    }

    private func relay() async throws -> RelayProcess {
        defer { try? FileManager.default.removeItem(atPath: keyFile) }
        return try await RelayProcess([
            "auth": "{relay_id: relay-1, allow_anonymous: true, private_key_file: \(keyFile)}"
        ])
    }

    @Test func thePinnedRelayIsTalkedTo() async throws {
        let relay = try await relay()
        let alice = try TestClient("alice", at: relay.url) { $0.relayKey = key.publicKey }
        try await running(alice) {
            let terms = try await alice.opened()
            #expect(terms.relayKey == key.publicKey.bytes && terms.relayID == "relay-1")
        }
    }

    @Test func anotherRelayIsNot() async throws {
        let relay = try await relay()
        let other = try Ed25519.PrivateKey.generate().publicKey
        let alice = try TestClient("alice", at: relay.url) { $0.relayKey = other }
        await #expect(throws: ConnectionFailure.relayKeyDiffers) { try await alice.client.run() }
        await #expect(throws: SendError.ended(.relayKeyDiffers)) { try await alice.send("x", to: "bob") }
    }

    @Test func aRelayWithoutAKeyIsNot() async throws {
        let relay = try await RelayProcess()
        let alice = try TestClient("alice", at: relay.url) { $0.relayKey = key.publicKey }
        await #expect(throws: ConnectionFailure.relayUnproved) { try await alice.client.run() }
    }

    @Test func anIdThatBelongsToAnotherKeyEndsTheClient() async throws {
        let relay = try await RelayProcess()
        let alice = try TestClient("alice", at: relay.url)
        try await running(alice) { try await alice.opened() }
        let impostor = try TestClient("alice", at: relay.url) { $0.key = key }
        do {
            try await impostor.client.run()
            Issue.record("the impostor was let in")
        } catch ConnectionFailure.authenticationRefused(let refusal) {
            #expect(refusal.knownCode == .keyPinned)
        }
    }

    @Test func aRelayThatDrainsSendsItsAgentsElsewhere() async throws {
        let second = try await RelayProcess()
        let first = try await RelayProcess(
            drain: "{readiness_delay_ms: 0, reconnect_after_ms: 100, alternate_relay: \"\(second.url)\"}"
        )
        let alice = try TestClient("alice", at: first.url)
        try await running(alice) {
            try await alice.opened()
            first.end(by: SIGTERM)
            let goAway = try await alice.state {
                if case .waiting(_, .goneAway(let goAway)) = $0 { goAway } else { nil }
            }
            #expect(goAway.alternateRelay == second.url)
            let address = try await alice.state { if case .connecting(let address) = $0 { address } else { nil } }
            #expect(address.description == second.url)
            #expect(try await alice.send("x", to: "bob").outcome == .acknowledged(.queued))
        }
    }

    @Test func whatIsNoRelayIsNamed() async throws {
        let relay = try await RelayProcess()
        let wrongPath = String(relay.url.dropLast("connect".count)) + "nowhere"
        let alice = try TestClient("alice", at: wrongPath) { $0.retriesFirstConnection = false }
        do {
            try await alice.client.run()
            Issue.record("it was taken for a relay")
        } catch ConnectionFailure.upgradeRefused(let status, let body) {
            #expect(status == 404 && body.contains("/v1/connect"))
        }
    }
}
