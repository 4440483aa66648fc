/// The extensions this build speaks (protocol section 9).
public enum Extension: String, Sendable, CaseIterable {
    /// Several frames in one WebSocket message, towards the peer.
    case batching
    case binaryAck = "ack:binary"
    case boundAuth = "auth:bound"
    case traceContext = "trace-context"

    /// What both sides speak, in the order offered; unknown words and repetitions are left out.
    public static func negotiate(offered: [String]) -> [Extension] {
        offered.reduce(into: []) { agreed, word in
            guard let known = Extension(rawValue: word), !agreed.contains(known) else { return }
            agreed.append(known)
        }
    }
}
