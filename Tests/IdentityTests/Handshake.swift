import Identity

@testable import WireProtocol

/// One handshake that succeeds, to be broken in one place at a time. Keys and signatures are by an independent
/// implementation (Python, `cryptography` 48):
///
///     org, agent = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
///     challenge, nonce = bytes(range(32)), bytes(range(32, 64))
///     def lp(*xs): return b"".join(len(x).to_bytes(4, "big") + x for x in xs)
///     agent.sign(challenge)
///     agent.sign(lp(b"moltrelay-auth-v1", challenge, nonce, b"relay-prod-01", b"agent:alice@acme",
///                   b"relay.example.com:8443"))
///     agent.sign(lp(b"moltrelay-relay-v1", nonce, challenge, b"relay-prod-01"))
///     a = dict(type="org_attestation", org_id="acme", agent_id="agent:alice@acme", public_key=..., issued_at=...,
///              capabilities=["send", "receive"], expires_at=...)
///     org.sign(json.dumps(a, sort_keys=True, separators=(",", ":")).encode())
enum Handshake {
    static let now: UInt64 = 1_755_000_000_000
    static let agentID = "agent:alice@acme"
    static let relayID = "relay-prod-01"
    static let authority = "relay.example.com:8443"
    static let challenge = [UInt8](0..<32)
    static let nonce = [UInt8](32..<64)
    static let orgKeyText = "ed25519:iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w="
    static let agentKeyText = "ed25519:gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q="
    static let overChallenge =
        "ed25519:qQm/a6ALXSsnCokshDgIFnNaaYXCC7tSY7dBTiLQ9QcYVmyMqA5x6iXF20jXiubNMbzwyG/slZkv9eOGy9AnCw=="
    static let overBoundBytes =
        "ed25519:eidS9QF3A1koBKpK60b+aYp+aY9FJ2jh/4zWcF2Ay+GtrQOUH1RNMLjBIz81dObd4fTsgXC7Nuh36hCWdhoIAA=="
    static let relayProof =
        "ed25519:89bA/yosl8UNEUcTaWKajM/WE+2CAvOqAGDLKw/YAi2OEVe8VYaiI70sOuDD/TebPVx4/bLMeTdESdVmwpT8Cg=="
    static let attestation = """
        {"type": "org_attestation", "org_id": "acme", "agent_id": "agent:alice@acme", "public_key": \
        "ed25519:gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q=", "capabilities": ["send", "receive"], \
        "issued_at": 1750000000000, "expires_at": 1760000000000, "org_signature": \
        "ed25519:xQOmZppwpfeKOTBd/0Ws8YsMezrRJI4oVIuu4V9BHAdFu9FjHMyFMQ+8hkooQKtjmOJub7GWFJUedRFplNtSDg=="}
        """

    static func orgKey() throws -> Ed25519.PrivateKey { try .init(seed: [UInt8](repeating: 1, count: 32)) }

    static func agentKey() throws -> Ed25519.PrivateKey { try .init(seed: [UInt8](repeating: 2, count: 32)) }

    static func trustedOrgs() throws -> [TrustedOrg] {
        [TrustedOrg(name: "acme", publicKey: try Ed25519.PublicKey(text: orgKeyText))]
    }

    /// - Parameter bound: `auth:bound` was negotiated.
    static func attempt(bound: Bool = false, attestation: String? = nil) throws -> AuthAttempt {
        let attempt = AuthAttempt(
            hello: Hello(
                extensions: bound ? ["auth:bound"] : [],
                agentIDHash: AgentHash(agentID: agentID),
                clientTime: now,
                nonce: nonce
            ),
            auth: Auth(
                agentID: agentID,
                publicKey: Ed25519Text.key(agentKeyText) ?? [],
                signature: Ed25519Text.signature(bound ? overBoundBytes : overChallenge) ?? [],
                authority: bound ? authority : nil,
                orgAttestation: try attestation.map { try OrgAttestation(json: Array($0.utf8)) }
            ),
            challenge: challenge,
            extensions: bound ? [.boundAuth] : [],
            relayID: relayID
        )
        return attempt
    }
}
