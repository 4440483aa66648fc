import Identity
import Testing
import WireProtocol

@Suite struct OrgAttestationTests {
    private func verify(
        _ text: String,
        agentID: String = Handshake.agentID,
        publicKey: String = Handshake.agentKeyText,
        org: String? = nil,
        trusted: [TrustedOrg]? = nil,
        now: UInt64 = Handshake.now
    ) throws {
        try OrgAttestation(json: Array(text.utf8)).verify(
            agentID: agentID,
            publicKey: Ed25519.PublicKey(text: publicKey),
            org: org,
            trustedOrgs: trusted ?? Handshake.trustedOrgs(),
            now: now,
            maxClockSkewMilliseconds: 300_000
        )
    }

    private func invalid(_ text: String) -> Bool {
        do {
            try verify(text)
            return false
        } catch AttestationFailure.invalid {
            return true
        } catch is DocumentError {
            return true
        } catch {
            return false
        }
    }

    private func replacing(_ old: String, _ new: String) throws -> String {
        let parts = Handshake.attestation.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        return parts[0] + new + parts[1]
    }

    @Test func believesWhatAnotherImplementationSigned() throws {
        try verify(Handshake.attestation)
        try verify(Handshake.attestation, org: "acme")
    }

    /// Members in another order, other white space and escapes, another spelling of a number: the same attestation.
    @Test func theTextMayVaryWhereTheCanonicalFormDoesNot() throws {
        try verify(try replacing("1750000000000", "1.75e12"))
        try verify(try replacing(#""acme""#, #""\u0061cme""#))
        try verify(try replacing(#"{"type": "org_attestation", "#, "{\n\"type\":\"org_attestation\"\t,"))
        let first = #""org_id": "acme", "#
        try verify(try replacing(first, "").replacingFirst("{", with: "{" + first))
    }

    @Test(arguments: [
        (#""agent:alice@acme""#, #""agent:bob@acme""#), (#""send""#, #""admin""#), (#"["send", "receive"]"#, "[]"),
        (#", "receive""#, ""), ("1750000000000", "1750000000001"), ("1760000000000", "1760000000001"),
        ("gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q=", "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w="),
        ("ed25519:xQOm", "ed25519:xQOn"), (#"{"type""#, #"{"extra": 1, "type""#),
        (#"{"type""#, #"{"org_id": "acme", "type""#), (#"{"type""#, #"{"org_signature": "x", "type""#),
    ])
    func refusesAnyFieldChanged(_ old: String, _ new: String) throws {
        #expect(invalid(try replacing(old, new)), "\(old) -> \(new)")
    }

    @Test func refusesAnotherOrganisationsName() throws {
        let text = try replacing(#""acme""#, #""evil""#)
        #expect(throws: AttestationFailure.orgUntrusted) { try verify(text) }
        let evil = TrustedOrg(name: "evil", publicKey: try Ed25519.PrivateKey.generate().publicKey)
        #expect(throws: AttestationFailure.self) { try verify(text, trusted: Handshake.trustedOrgs() + [evil]) }
    }

    @Test func theTrustedKeyDecidesNotTheName() throws {
        let other = TrustedOrg(name: "acme", publicKey: try Ed25519.PrivateKey.generate().publicKey)
        #expect(throws: AttestationFailure.self) { try verify(Handshake.attestation, trusted: [other]) }
        try verify(Handshake.attestation, trusted: [other] + Handshake.trustedOrgs())
        #expect(throws: AttestationFailure.orgUntrusted) { try verify(Handshake.attestation, trusted: []) }
    }

    @Test func itIsForOneAgentOneKeyAndOneOrganisation() throws {
        #expect(throws: AttestationFailure.invalid("the attestation is for another agent_id")) {
            try verify(Handshake.attestation, agentID: "agent:bob@acme")
        }
        #expect(throws: AttestationFailure.invalid("the attestation is for another public_key")) {
            try verify(Handshake.attestation, publicKey: Handshake.orgKeyText)
        }
        #expect(throws: AttestationFailure.invalid("the attestation is by another organisation than AUTH names")) {
            try verify(Handshake.attestation, org: "other")
        }
    }

    @Test func itHoldsFromIssueToExpiry() throws {
        try verify(Handshake.attestation, now: 1_749_999_700_000)
        #expect(throws: AttestationFailure.invalid("issued_at lies in the future")) {
            try verify(Handshake.attestation, now: 1_749_999_699_999)
        }
        try verify(Handshake.attestation, now: 1_759_999_999_999)
        #expect(throws: AttestationFailure.expired(at: 1_760_000_000_000)) {
            try verify(Handshake.attestation, now: 1_760_000_000_000)
        }
    }

    @Test func signsWhatItVerifies() throws {
        let attestation = try OrgAttestation.signed(
            by: Handshake.orgKey(),
            orgID: "acme",
            agentID: Handshake.agentID,
            publicKey: Handshake.agentKey().publicKey,
            capabilities: ["send", "receive"],
            issuedAt: 1_750_000_000_000,
            expiresAt: 1_760_000_000_000
        )
        // Ed25519 is deterministic: the same members give Python's signature.
        let python = try OrgAttestation(json: Array(Handshake.attestation.utf8))
        #expect(attestation.orgSignature == python.orgSignature)
        try verify(String(decoding: attestation.json, as: UTF8.self))
    }

    @Test func anIntervalThatIsNoneIsInvalid() throws {
        let attestation = try OrgAttestation.signed(
            by: Handshake.orgKey(),
            orgID: "acme",
            agentID: Handshake.agentID,
            publicKey: Handshake.agentKey().publicKey,
            capabilities: [],
            issuedAt: Handshake.now,
            expiresAt: Handshake.now
        )
        #expect(throws: AttestationFailure.invalid("issued_at is not before expires_at")) {
            try verify(String(decoding: attestation.json, as: UTF8.self))
        }
    }

    /// Composed and decomposed letters are one String to Swift and two ids to everybody else.
    @Test func idsCompareByteForByte() throws {
        let attestation = try OrgAttestation.signed(
            by: Handshake.orgKey(),
            orgID: "acme",
            agentID: "agent:zo\u{EB}",
            publicKey: Handshake.agentKey().publicKey,
            capabilities: [],
            issuedAt: Handshake.now - 1,
            expiresAt: Handshake.now + 1
        )
        let text = String(decoding: attestation.json, as: UTF8.self)
        try verify(text, agentID: "agent:zo\u{EB}")
        #expect(throws: AttestationFailure.self) { try verify(text, agentID: "agent:zoe\u{308}") }
    }
}

extension String {
    func replacingFirst(_ old: Character, with new: String) -> String {
        guard let index = firstIndex(of: old) else { return self }
        return replacingCharacters(at: index, with: new)
    }

    private func replacingCharacters(at index: String.Index, with new: String) -> String {
        self[..<index] + new + self[self.index(after: index)...]
    }
}
