/// What a sender asks for (protocol section 6, the byte at offset 91, or ACK_REQ where that byte is 0).
public enum DeliveryMode: UInt8, Sendable, CaseIterable {
    case bestEffort = 1
    case atLeastOnce = 2
    case exactlyOnce = 3
}

/// The 96 bytes in the clear before every envelope (protocol section 6).
public struct RoutingHeader: Equatable, Sendable {
    public static let byteCount = 96

    public var sender: AgentHash
    public var recipient: AgentHash
    public var id: MessageID
    /// Unix milliseconds by the sender's clock. The relay checks no age of it.
    public var timestamp: UInt64
    /// Seconds; 0 is the queue's retention.
    public var ttl: UInt16
    public var priority: UInt8
    /// The raw byte at offset 91.
    public var delivery: UInt8

    public init(
        sender: AgentHash,
        recipient: AgentHash,
        id: MessageID,
        timestamp: UInt64,
        ttl: UInt16 = 0,
        priority: UInt8 = 128,
        delivery: UInt8 = 0
    ) {
        self.sender = sender
        self.recipient = recipient
        self.id = id
        self.timestamp = timestamp
        self.ttl = ttl
        self.priority = priority
        self.delivery = delivery
    }

    /// - Parameter bytes: at least 96 bytes, unmasked.
    public init(decoding bytes: UnsafeRawPointer) {
        self.init(MaskedBytes(base: bytes, count: Self.byteCount, key: 0))
    }

    /// Unmasked in registers: every message passes here.
    /// - Parameter bytes: at least 96.
    init(_ bytes: MaskedBytes) {
        precondition(bytes.count >= Self.byteCount)
        sender = AgentHash(bytes.word(at: 0), bytes.word(at: 8), bytes.word(at: 16), bytes.word(at: 24))
        recipient = AgentHash(bytes.word(at: 32), bytes.word(at: 40), bytes.word(at: 48), bytes.word(at: 56))
        id = MessageID(bytes.word(at: 64), bytes.word(at: 72))
        timestamp = UInt64(bigEndian: bytes.word(at: 80))
        let rest = UInt64(bigEndian: bytes.word(at: 88))
        ttl = UInt16(truncatingIfNeeded: rest >> 48)
        priority = UInt8(truncatingIfNeeded: rest >> 40)
        delivery = UInt8(truncatingIfNeeded: rest >> 32)
    }

    /// Writes 96 bytes.
    public func write(to destination: UnsafeMutableRawPointer) {
        sender.write(to: destination)
        recipient.write(to: destination + 32)
        id.write(to: destination + 64)
        destination.storeBytes(of: timestamp.bigEndian, toByteOffset: 80, as: UInt64.self)
        destination.storeBytes(of: ttl.bigEndian, toByteOffset: 88, as: UInt16.self)
        destination.storeBytes(of: priority, toByteOffset: 90, as: UInt8.self)
        destination.storeBytes(of: delivery, toByteOffset: 91, as: UInt8.self)
        destination.storeBytes(of: 0, toByteOffset: 92, as: UInt32.self)
    }

    /// nil for a byte this protocol does not define. The delivery byte, where not 0, beats ACK_REQ.
    public func mode(flags: FrameFlags) -> DeliveryMode? {
        guard delivery == 0 else { return DeliveryMode(rawValue: delivery) }
        return flags.contains(.ackRequested) ? .atLeastOnce : .bestEffort
    }

    public func lane(flags: FrameFlags) -> Lane {
        Lane(priority: priority == 128 && flags.contains(.priority) ? 64 : priority)
    }
}

/// The five levels a priority byte falls into; lower is more urgent (protocol section 6).
public enum Lane: UInt8, Sendable, CaseIterable {
    case critical, high, normal, low, bulk

    public init(priority: UInt8) {
        self =
            switch priority {
            case 0: .critical
            case 1...64: .high
            case 65...128: .normal
            case 129...192: .low
            default: .bulk
            }
    }
}

/// W3C Trace Context in 26 bytes, after the routing header of a TRACED frame (protocol section 4).
public struct TraceContext: Equatable, Sendable {
    public static let byteCount = 26

    public var traceID: (high: UInt64, low: UInt64)
    public var parentID: UInt64
    public var flags: UInt8

    public init(traceID: (high: UInt64, low: UInt64), parentID: UInt64, flags: UInt8) {
        self.traceID = traceID
        self.parentID = parentID
        self.flags = flags
    }

    /// nil for a version other than 0 or an all-zero id, which W3C calls invalid.
    /// - Parameter bytes: at least 26 bytes, unmasked.
    public init?(decoding bytes: UnsafeRawPointer) {
        guard bytes.load(as: UInt8.self) == 0 else { return nil }
        traceID.high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
        traceID.low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 9, as: UInt64.self))
        parentID = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 17, as: UInt64.self))
        flags = bytes.load(fromByteOffset: 25, as: UInt8.self)
        guard traceID.high | traceID.low != 0, parentID != 0 else { return nil }
    }

    public func write(to destination: UnsafeMutableRawPointer) {
        destination.storeBytes(of: 0, as: UInt8.self)
        destination.storeBytes(of: traceID.high.bigEndian, toByteOffset: 1, as: UInt64.self)
        destination.storeBytes(of: traceID.low.bigEndian, toByteOffset: 9, as: UInt64.self)
        destination.storeBytes(of: parentID.bigEndian, toByteOffset: 17, as: UInt64.self)
        destination.storeBytes(of: flags, toByteOffset: 25, as: UInt8.self)
    }

    public static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.traceID == rhs.traceID && lhs.parentID == rhs.parentID && lhs.flags == rhs.flags
    }
}
