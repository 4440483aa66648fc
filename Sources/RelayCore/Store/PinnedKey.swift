/// A key an agent id is pinned to.
public struct PinnedKey: Sendable, Equatable {
    /// Raw Ed25519 public key, 32 bytes.
    public var publicKey: [UInt8]
    public var org: String?

    public init(publicKey: [UInt8], org: String?) {
        self.publicKey = publicKey
        self.org = org
    }
}

extension KeyClaim {
    package enum Verdict: Equatable {
        /// The claim is held once this is what the store keeps.
        case write(PinnedKey)
        /// Nothing changes.
        case keep(KeyClaimOutcome)

        package var outcome: KeyClaimOutcome {
            switch self {
            case .write: .held
            case .keep(let outcome): outcome
            }
        }
    }

    /// Protocol section 5: the first claim stands, an attestation overrides an anonymous pin, and the first
    /// organisation that attests an id owns it.
    package func verdict(on existing: PinnedKey?, anonymousPins: Int) -> Verdict {
        let wanted = PinnedKey(publicKey: publicKey, org: org)
        guard let existing else {
            return org == nil && anonymousPins >= maxAnonymousPins ? .keep(.tooManyPins) : .write(wanted)
        }
        if existing == wanted { return .keep(.held) }
        guard let org else {
            return .keep(existing.publicKey == publicKey ? .held : .pinnedToAnotherKey)
        }
        guard let owner = existing.org, owner != org else { return .write(wanted) }
        return .keep(.ownedByAnotherOrg)
    }
}
