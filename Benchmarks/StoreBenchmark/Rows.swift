import NIOCore
import RelayCore
import WireProtocol

/// What is put, loaded and removed.
struct Rows {
    let recipients: Int
    static let now: UnixMilliseconds = 1_767_225_600_000

    func messages(_ count: Int) -> [Message] { (0..<count).map { message(to: $0 % recipients) } }

    func forEachRecipient(_ body: (AgentHash) -> Void) { for number in 0..<recipients { body(agent(number)) } }

    private func message(to recipient: Int) -> Message {
        let routing = RoutingHeader(
            sender: agent(1_000_000 + recipient % 97),
            recipient: agent(recipient),
            id: .random(),
            timestamp: Self.now,
            delivery: DeliveryMode.atLeastOnce.rawValue
        )
        var bytes = [UInt8](repeating: 7, count: 352)
        bytes.withUnsafeMutableBytes { buffer in
            if let start = buffer.baseAddress { routing.write(to: start) }
        }
        return Message(
            routing: routing,
            flags: .ackRequested,
            payload: ByteBuffer(bytes: bytes),
            acceptedAt: Self.now,
            expiresAt: Self.now + 3_600_000
        )
    }

    private func agent(_ number: Int) -> AgentHash {
        var word = UInt64(truncatingIfNeeded: number &+ 1)
        var words: [UInt64] = []
        for _ in 0..<4 {
            word = (word ^ word >> 29) &* 0xBF58_476D_1CE4_E5B9
            words.append(word ^ word >> 32)
        }
        return words.withUnsafeBytes { AgentHash($0) }
    }
}
