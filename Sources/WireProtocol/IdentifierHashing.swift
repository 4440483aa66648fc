// Each at-least-once message is looked up in a dozen tables, by identifiers that its sender chose in part. SipHash costs
// 20 ns a look-up, one product of 128 bits under the table's own seed 2. A dictionary seeds by its address, which nobody
// outside of the process can know: so nobody can make up identifiers that meet in it.

extension AgentHash {
    /// Of half of it: the whole is a SHA-256.
    public func _rawHashValue(seed: Int) -> Int { mix(a, b, seed: seed) }
}

extension MessageID {
    public func _rawHashValue(seed: Int) -> Int { mix(a, b, seed: seed) }

    /// Of the id and the two agents that it is unique between.
    public func hashValue(from sender: AgentHash, to recipient: AgentHash, seed: Int) -> Int {
        let ofID = UInt64(truncatingIfNeeded: mix(a, b, seed: seed))
        return mix(sender.a ^ ofID, recipient.a &+ ofID, seed: seed)
    }
}

@inline(__always)
private func mix(_ a: UInt64, _ b: UInt64, seed: Int) -> Int {
    let seed = UInt64(truncatingIfNeeded: seed)
    // Any two odd numbers with as many ones as zeroes: an address has few bits of its own.
    let first = a ^ seed ^ 0x9E37_79B9_7F4A_7C15
    let second = b ^ (seed << 32 | seed >> 32) ^ 0xD6E8_FEB8_6659_FD93
    let product = first.multipliedFullWidth(by: second)
    return Int(truncatingIfNeeded: product.high ^ product.low)
}
