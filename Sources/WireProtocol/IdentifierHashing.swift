// Each at-least-once message is looked up in a dozen tables, by identifiers that its sender chose: a recipient's hash
// is whatever 32 bytes the frame says. SipHash costs 20 ns a look-up, a few products of 128 bits 3. Every bit of an
// identifier counts, under keys drawn once for the process, so that nobody outside can make up identifiers that meet.
// `_rawHashValue` is the standard library's own way around its Hasher, underscored but public; a Swift that stops
// calling it falls back to `hash(into:)`, slower and as right.

extension AgentHash {
    public func _rawHashValue(seed: Int) -> Int { spread(folded, seed) }

    @inline(__always)
    fileprivate var folded: UInt64 { fold(a ^ keys.a, b ^ keys.b) ^ fold(c ^ keys.c, d ^ keys.d) }
}

extension MessageID {
    public func _rawHashValue(seed: Int) -> Int { spread(folded, seed) }

    /// Of the id and the two agents that it is unique between.
    public func hashValue(from sender: AgentHash, to recipient: AgentHash, seed: Int) -> Int {
        spread(fold(sender.folded ^ keys.e, folded ^ keys.f) ^ recipient.folded, seed)
    }

    @inline(__always)
    private var folded: UInt64 { fold(a ^ keys.a, b ^ keys.b) }
}

private struct HashKeys {
    let a, b, c, d, e, f, last: UInt64

    init() {
        var generator = SystemRandomNumberGenerator()
        (a, b, c, d) = (generator.next(), generator.next(), generator.next(), generator.next())
        (e, f, last) = (generator.next(), generator.next(), generator.next())
    }
}

private let keys = HashKeys()

@inline(__always)
private func fold(_ x: UInt64, _ y: UInt64) -> UInt64 {
    let product = x.multipliedFullWidth(by: y)
    return product.high ^ product.low
}

/// Under the table's own seed, so that tables do not fill in one another's order.
@inline(__always)
private func spread(_ bits: UInt64, _ seed: Int) -> Int {
    Int(truncatingIfNeeded: fold(bits, (UInt64(truncatingIfNeeded: seed) ^ keys.last) | 1))
}
