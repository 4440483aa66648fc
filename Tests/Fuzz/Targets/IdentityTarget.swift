import WireProtocol

@testable import Identity

/// Keys, ids and attestations as text: whatever is read has one way to be written, and nothing but the attestation that
/// was signed is believed.
enum IdentityTarget {
    static func run(_ input: [UInt8]) {
        var script = Script(input)
        let kind = script.byte() % 4
        let bytes = script.rest()
        switch kind {
        case 0: readIdentifiers(String(decoding: bytes, as: UTF8.self))
        case 1: readKeyFile(bytes)
        case 2: verifyAttestation(bytes)
        default: verifySignature(bytes)
        }
    }

    private static func readIdentifiers(_ text: String) {
        if let hash = AgentHash(text) {
            let digits = text.lowercased().split(separator: ":").last ?? ""
            expect(hash.description.utf8.elementsEqual("sha256:\(digits)".utf8), "an agent's hash is another")
        }
        if let id = MessageID(uuid: text) {
            expect(id.description.utf8.elementsEqual(text.lowercased().utf8), "a message's id is another")
        }
        if let bytes = Base64.decode(text) {
            expect(Base64.encode(bytes).utf8.elementsEqual(text.utf8), "two texts are one in base64")
        }
        if let signature = Ed25519Text.signature(text) {
            expect(Ed25519Text.encode(signature).utf8.elementsEqual(text.utf8), "a signature has two texts")
        }
        guard let key = try? Ed25519.PublicKey(text: text) else { return }
        expect((try? Ed25519.PublicKey(text: key.text)) == key, "a key is another in its own text")
    }

    /// libcrypto reads PEM; what we take of it must come back.
    private static func readKeyFile(_ bytes: [UInt8]) {
        if let key = try? Ed25519.PublicKey(pem: bytes) {
            expect((try? Ed25519.PublicKey(pem: key.pem())) == key, "a public key is another in its own PEM")
        }
        if let key = try? Ed25519.PrivateKey(pem: bytes) {
            let again = try? Ed25519.PrivateKey(pem: key.pem()).publicKey
            expect(again == key.publicKey, "a private key is another in its own PEM")
        }
    }

    /// The seed of the corpus carries a true signature by the key of 32 bytes of 1, which this target trusts. Text may
    /// vary where the canonical form does not; what was signed may not.
    private static func verifyAttestation(_ bytes: [UInt8]) {
        guard let attestation = try? OrgAttestation(json: bytes) else { return }
        let holds = Result { () throws(AttestationFailure) in
            try attestation.verify(
                agentID: Signed.agentID,
                publicKey: Signed.agentKey,
                org: nil,
                trustedOrgs: [TrustedOrg(name: "acme", publicKey: Signed.orgKey)],
                now: 1_755_000_000_000,
                maxClockSkewMilliseconds: 0
            )
        }
        guard case .success = holds else { return }
        let canonical = (try? JSONValue(parsing: bytes))?.canonicalBytes
        expect(canonical == Signed.attestation.canonicalBytes, "an attestation is believed that nobody signed")
        expect(attestation.capabilities == ["send", "receive"], "a capability is believed that nobody signed")
    }

    /// No 64 bytes but the signature itself verify.
    private static func verifySignature(_ bytes: [UInt8]) {
        guard Signed.orgKey.verifies(bytes, of: Signed.message) else { return }
        expect(bytes == Signed.signature, "a second signature verifies")
    }
}

/// By Python's `cryptography`; Tests/IdentityTests/Handshake.swift has the program.
private enum Signed {
    static let agentID = "agent:alice@acme"
    static let agentKey = known(
        try? Ed25519.PublicKey(text: "ed25519:gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q=")
    )
    static let orgKey = known(try? Ed25519.PublicKey(text: "ed25519:iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w="))
    static let attestation = known(try? JSONValue(parsing: Array(text.utf8)))
    static let text = """
        {"type": "org_attestation", "org_id": "acme", "agent_id": "agent:alice@acme", "public_key": \
        "ed25519:gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q=", "capabilities": ["send", "receive"], \
        "issued_at": 1750000000000, "expires_at": 1760000000000, "org_signature": \
        "ed25519:xQOmZppwpfeKOTBd/0Ws8YsMezrRJI4oVIuu4V9BHAdFu9FjHMyFMQ+8hkooQKtjmOJub7GWFJUedRFplNtSDg=="}
        """
    /// All of it but the signature, which is over this.
    static let message: [UInt8] = {
        guard case .object(let members) = attestation else { broken("the attestation is no object") }
        return JSONValue.object(members.filter { $0.name != "org_signature" }).canonicalBytes
    }()
    static let signature = known(attestation["org_signature"]?.string.flatMap(Ed25519Text.signature))
}
