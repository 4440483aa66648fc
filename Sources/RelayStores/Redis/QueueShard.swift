import Redis
import WireProtocol

/// The parts of a queue in a cluster, each a whole queue by itself in a slot of its own. Another number of them, or
/// other tags, is another schema: messages would lie where nobody looks.
enum QueueShard {
    /// The first of each sixteenth of the slots, in their order, so that nodes that share the slots share the queue.
    static let tags = [3, 13, 40, 62, 2, 12, 41, 63, 1, 11, 42, 60, 0, 10, 43, 61].map { "q:\($0)" }

    static func slot(_ tag: String) -> Int { KeySlot.of("{\(tag)}") }

    /// By bits that do not decide which event loop an agent's messages pass.
    static func of(_ recipient: AgentHash) -> Int { Int(recipient.uniformBits >> 60) }
}
