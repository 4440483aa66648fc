import WireProtocol

/// Agents and message ids made from small numbers.
enum Names {
    /// An agent whose home is loop `number` modulo the number of loops.
    static func agent(_ number: Int) -> AgentHash {
        var bytes = [UInt8](repeating: 0, count: AgentHash.byteCount)
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: UInt64(number), as: UInt64.self) }
        return bytes.withUnsafeBytes { AgentHash($0) }
    }

    static func id(_ number: Int) -> MessageID {
        var bytes = [UInt8](repeating: 0, count: MessageID.byteCount)
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: UInt64(number), as: UInt64.self) }
        return bytes.withUnsafeBytes { MessageID($0) }
    }

    static func number(of agent: AgentHash) -> Int { Int(agent.uniformBits) }

    static func number(of id: MessageID) -> Int {
        id.bytes.withUnsafeBytes { Int($0.load(as: UInt64.self)) }
    }
}

/// splitmix64: the same numbers for the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}
