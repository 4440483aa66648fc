public import WireProtocol

/// A message that another agent sent to this one.
public struct IncomingMessage: Sendable {
    public enum Acknowledgement: Sendable {
        /// It is here.
        case received
        /// What it asked for is done.
        case processed

        var type: AckType {
            switch self {
            case .received: .received
            case .processed: .processed
            }
        }
    }

    let frame: IncomingFrame
    let acknowledgements: Acknowledgements

    public var id: MessageID { frame.routing.id }
    public var sender: AgentHash { frame.routing.sender }
    public var envelope: [UInt8] { frame.envelope }
    public var mode: DeliveryMode { frame.mode }
    /// Unix milliseconds by the sender's clock.
    public var timestamp: UInt64 { frame.routing.timestamp }
    /// Seconds; 0 is the retention of the relay's queue.
    public var timeToLive: UInt16 { frame.routing.ttl }
    public var priority: UInt8 { frame.routing.priority }
    public var isEncrypted: Bool { frame.isEncrypted }
    public var trace: TraceContext? { frame.trace }

    /// Takes the message off the relay's hands; until then the relay sends it again and again. Sent with all others of
    /// the same turn of the event loop. Only the first call counts, and a best-effort message needs none.
    public func acknowledge(_ kind: Acknowledgement = .processed) {
        guard mode != .bestEffort else { return }
        acknowledgements.add(RepeatWindow.Key(sender: sender, id: id), kind.type)
    }

    var chargedBytes: Int { envelope.count + 256 }
}
