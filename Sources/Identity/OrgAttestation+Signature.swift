public import WireProtocol

/// Why an attestation proves nothing. Texts are for the agent and repeat nothing it wrote.
public enum AttestationFailure: Error, Equatable, Sendable {
    case orgUntrusted
    case invalid(String)
    /// Unix milliseconds.
    case expired(at: UInt64)
}

extension OrgAttestation {
    private static let signatureMember = "org_signature"

    /// An attestation by the holder of `key`, as canonical JSON.
    /// - Parameters:
    ///   - issuedAt: unix milliseconds, at most 2^53.
    ///   - expiresAt: unix milliseconds, at most 2^53.
    public static func signed(
        by key: Ed25519.PrivateKey,
        orgID: String,
        agentID: String,
        publicKey: Ed25519.PublicKey,
        capabilities: [String],
        issuedAt: UInt64,
        expiresAt: UInt64
    ) throws -> OrgAttestation {
        let members: [JSONValue.Member] = [
            .init(name: "type", value: .string(type)),
            .init(name: "org_id", value: .string(orgID)),
            .init(name: "agent_id", value: .string(agentID)),
            .init(name: "public_key", value: .string(publicKey.text)),
            .init(name: "capabilities", value: .array(capabilities.map { .string($0) })),
            .init(name: "issued_at", value: .number(Double(issuedAt))),
            .init(name: "expires_at", value: .number(Double(expiresAt))),
        ]
        let signature = try key.sign(JSONValue.object(members).canonicalBytes)
        let text = JSONValue.string(Ed25519Text.encode(signature))
        let whole = members + [.init(name: signatureMember, value: text)]
        return try OrgAttestation(json: JSONValue.object(whole).canonicalBytes)
    }

    /// Throws unless one of `trustedOrgs` vouches, now, for this key as this agent's.
    /// - Parameters:
    ///   - org: the organisation AUTH names, which must be the one that signed; nil where AUTH names none.
    ///   - now: unix milliseconds.
    ///   - maxClockSkewMilliseconds: how far in the future `issuedAt` may lie.
    public func verify(
        agentID: String,
        publicKey: Ed25519.PublicKey,
        org: String?,
        trustedOrgs: [TrustedOrg],
        now: UInt64,
        maxClockSkewMilliseconds: UInt64
    ) throws(AttestationFailure) {
        let keys = trustedOrgs.filter { $0.name.hasSameBytes(as: orgID) }.map(\.publicKey)
        guard !keys.isEmpty else { throw .orgUntrusted }
        let signed = try signedBytes()
        guard keys.contains(where: { $0.verifies(orgSignature, of: signed) }) else {
            throw .invalid("org_signature is not the organisation's over this attestation")
        }
        guard self.agentID.hasSameBytes(as: agentID) else {
            throw .invalid("the attestation is for another agent_id")
        }
        guard self.publicKey == publicKey.bytes else { throw .invalid("the attestation is for another public_key") }
        guard org.map(orgID.hasSameBytes) ?? true else {
            throw .invalid("the attestation is by another organisation than AUTH names")
        }
        guard issuedAt < expiresAt else { throw .invalid("issued_at is not before expires_at") }
        guard issuedAt <= now || issuedAt - now <= maxClockSkewMilliseconds else {
            throw .invalid("issued_at lies in the future")
        }
        guard now < expiresAt else { throw .expired(at: expiresAt) }
    }

    /// RFC 8785 over all members but the signature, those unknown here included. The parser refuses two members of one
    /// name, of which the decoder of the fields might have taken the other.
    private func signedBytes() throws(AttestationFailure) -> [UInt8] {
        let value: JSONValue
        do throws(JSONParsingError) {
            value = try JSONValue(parsing: json)
        } catch {
            throw .invalid("the attestation has no canonical form: \(error)")
        }
        guard case .object(let members) = value else { throw .invalid("the attestation is no object") }
        return JSONValue.object(members.filter { !$0.name.hasSameBytes(as: Self.signatureMember) }).canonicalBytes
    }
}
