import RelayCore
import StoreFixtures

/// Of an agent's id by a key that is one byte again and again.
func claim(_ agent: UInt32, key: UInt8, org: String? = nil, maxAnonymousPins: Int = 100) -> KeyClaim {
    KeyClaim(
        agent: Sample.agent(agent),
        publicKey: [UInt8](repeating: key, count: 32),
        org: org,
        maxAnonymousPins: maxAnonymousPins
    )
}
