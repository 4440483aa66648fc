import Identity
import Telemetry
import WireProtocol

/// An agent by the first eight bytes of its hash, as traces and `explain` name it.
struct AgentPrefix: CustomStringConvertible {
    private static let digits = 16...64

    /// As `AgentHash.uniformBits`.
    let bits: UInt64

    init(bits: UInt64) { self.bits = bits }

    init(_ agent: AgentHash) { bits = agent.uniformBits }

    /// `sha256:` and 16 to 64 hexadecimal digits.
    init?(_ text: String) {
        guard text.hasPrefix("sha256:") else { return nil }
        let digits = text.dropFirst("sha256:".count)
        guard Self.digits.contains(digits.utf8.count), Hex.decode(digits.prefix(digits.count & ~1)) != nil,
            let number = UInt64(digits.prefix(Self.digits.lowerBound), radix: 16)
        else { return nil }
        bits = number.bigEndian
    }

    var description: String { "sha256:" + SpanID(bits.bigEndian).hex }
}
