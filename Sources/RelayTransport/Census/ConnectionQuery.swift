package import Listening
import RelayCore
import WireProtocol

/// Which connections are asked for, in which order, and how many.
public struct ConnectionQuery: Sendable {
    public enum Order: String, Sendable, CaseIterable {
        /// Oldest first; the others put what is largest first.
        case since
        case outbox, lag
        case messagesIn = "messages_in"
        case messagesOut = "messages_out"
        case bytesIn = "bytes_in"
        case bytesOut = "bytes_out"
    }

    public static let maxLimit = 1_000

    /// As `AgentHash.uniformBits`.
    public var agent: UInt64?
    public var session: String?
    package var addresses: AddressBlock?
    /// Those past their outbox's high watermark only.
    public var isSlow = false
    public var order = Order.since
    public var limit = 100
    /// The last place of the page before.
    public var after: ConnectionPlace?

    public init() {}
}

/// A connection's place in an order: what a page ends with and the next one goes on from.
public struct ConnectionPlace: Sendable, Hashable, Comparable {
    let key: UInt64
    let ref: ConnectionRef

    /// As `text` gave it.
    public init?(text: some StringProtocol) {
        let words = text.split(separator: "-", omittingEmptySubsequences: false)
        guard words.count == 4, let key = UInt64(words[0], radix: 16), let loop = UInt16(words[1], radix: 16),
            let slot = UInt32(words[2], radix: 16), let generation = UInt32(words[3], radix: 16)
        else { return nil }
        self.init(key: key, ref: ConnectionRef(loop: loop, slot: slot, generation: generation))
    }

    init(key: UInt64, ref: ConnectionRef) { (self.key, self.ref) = (key, ref) }

    public var text: String {
        [key, UInt64(ref.loop), UInt64(ref.slot), UInt64(ref.generation)].map { String($0, radix: 16) }
            .joined(separator: "-")
    }

    public static func < (a: Self, b: Self) -> Bool {
        (a.key, a.ref.loop, a.ref.slot, a.ref.generation) < (b.key, b.ref.loop, b.ref.slot, b.ref.generation)
    }
}

extension ConnectionQuery {
    func place(of connection: Connection, at now: MonotonicNanoseconds) -> ConnectionPlace {
        let traffic = connection.traffic
        let key: UInt64 =
            switch order {
            case .since: connection.openedAt
            case .outbox: ~UInt64(connection.outbox.byteCount)
            case .lag: ~connection.lag(at: now)
            case .messagesIn: ~traffic.messagesIn
            case .messagesOut: ~traffic.messagesOut
            case .bytesIn: ~traffic.bytesIn
            case .bytesOut: ~traffic.bytesOut
            }
        return ConnectionPlace(key: key, ref: connection.ref)
    }

    func matches(_ connection: Connection) -> Bool {
        if let agent, connection.agent?.uniformBits != agent { return false }
        if isSlow, connection.pressedSince == nil { return false }
        guard session != nil || addresses != nil else { return true }
        let handler = connection.socket as? ConnectionHandler
        if let session, handler?.sessionID != session { return false }
        guard let addresses else { return true }
        return handler?.services.client.map(addresses.contains) ?? false
    }
}

extension Connection {
    /// How long its socket has not taken what it was given.
    func lag(at now: MonotonicNanoseconds) -> MonotonicNanoseconds {
        outbox.stalledSince.map { now - min(now, $0) } ?? 0
    }
}
