import NIOCore
public import WireProtocol

/// Which message a fact is about, in 32 bytes: what a search by id finds, and enough of both agents to tell them from
/// others.
public struct MessageIdentity: Sendable, Hashable {
    public var id: MessageID
    /// The first eight bytes of the sender's hash, as `AgentHash.uniformBits`.
    public var sender: UInt64
    public var recipient: UInt64

    public init(id: MessageID, sender: AgentHash, recipient: AgentHash) {
        self.init(id: id, sender: sender.uniformBits, recipient: recipient.uniformBits)
    }

    public init(id: MessageID, sender: UInt64, recipient: UInt64) {
        (self.id, self.sender, self.recipient) = (id, sender, recipient)
    }
}

extension RoutingHeader {
    var identity: MessageIdentity { MessageIdentity(id: id, sender: sender, recipient: recipient) }
}

extension MessageKey {
    public var identity: MessageIdentity { MessageIdentity(id: id, sender: sender, recipient: recipient) }
}

extension Message {
    /// What a TRACED sender put before its envelope; nil where it is not valid.
    var traceContext: TraceContext? {
        guard flags.contains(.traced) else { return nil }
        return payload.withUnsafeReadableBytes { bytes in
            guard bytes.count >= RoutingHeader.byteCount + TraceContext.byteCount else { return nil }
            return TraceContext(decoding: bytes.baseAddress! + RoutingHeader.byteCount)
        }
    }
}
