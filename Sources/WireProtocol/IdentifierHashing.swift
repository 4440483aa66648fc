// Each at-least-once message is looked up in a dozen tables, by identifiers that its sender chose in part. SipHash costs
// 20 ns a look-up. One product of 128 bits under a key that this process has drawn costs 3, and as little lets anybody
// make up identifiers that meet in a table.

private enum HashKey {
    static let first = UInt64.random(in: .min ... .max)
    static let second = UInt64.random(in: .min ... .max)
}

private func mix(_ a: UInt64, _ b: UInt64, seed: Int) -> Int {
    let seed = UInt64(truncatingIfNeeded: seed)
    let product = (a ^ HashKey.first ^ seed).multipliedFullWidth(by: b ^ HashKey.second)
    return Int(truncatingIfNeeded: product.high ^ product.low ^ seed)
}

extension AgentHash {
    /// Of half of it: the whole is a SHA-256.
    public func _rawHashValue(seed: Int) -> Int { mix(a, b, seed: seed) }
}

extension MessageID {
    public func _rawHashValue(seed: Int) -> Int { mix(a, b, seed: seed) }
}
