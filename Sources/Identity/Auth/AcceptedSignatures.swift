/// The last signatures that let somebody in. A challenge is used once, so none of them is right again: who sends one
/// has it from somebody else's handshake.
struct AcceptedSignatures {
    /// 512 KiB.
    static let capacity = 8_192

    private var known: Set<[UInt8]> = []
    /// In the order they came, from `oldest` around.
    private var ring: [[UInt8]] = []
    private var oldest = 0

    mutating func insert(_ signature: [UInt8]) {
        guard known.insert(signature).inserted else { return }
        guard ring.count == Self.capacity else { return ring.append(signature) }
        known.remove(ring[oldest])
        ring[oldest] = signature
        oldest = (oldest + 1) % Self.capacity
    }

    func contains(_ signature: [UInt8]) -> Bool { known.contains(signature) }
}
