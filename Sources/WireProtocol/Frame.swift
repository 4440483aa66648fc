/// Protocol section 3.
public enum FrameType: UInt8, Sendable, CaseIterable {
    case hello = 0x01
    case helloAck = 0x02
    case auth = 0x03
    case authOK = 0x04
    case authFail = 0x05
    case message = 0x10
    case ack = 0x11
    case nack = 0x12
    case ping = 0x20
    case pong = 0x21
    case streamOpen = 0x30
    case streamData = 0x31
    case streamClose = 0x32
    case windowUpdate = 0x33
    case goAway = 0x40
    case error = 0xFF

    /// As the protocol spells it.
    public var name: String {
        switch self {
        case .hello: "HELLO"
        case .helloAck: "HELLO_ACK"
        case .auth: "AUTH"
        case .authOK: "AUTH_OK"
        case .authFail: "AUTH_FAIL"
        case .message: "MESSAGE"
        case .ack: "ACK"
        case .nack: "NACK"
        case .ping: "PING"
        case .pong: "PONG"
        case .streamOpen: "STREAM_OPEN"
        case .streamData: "STREAM_DATA"
        case .streamClose: "STREAM_CLOSE"
        case .windowUpdate: "WINDOW_UPDATE"
        case .goAway: "GOAWAY"
        case .error: "ERROR"
        }
    }
}

/// Protocol section 4.
public struct FrameFlags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let compressed = FrameFlags(rawValue: 0x01)
    public static let encrypted = FrameFlags(rawValue: 0x02)
    public static let priority = FrameFlags(rawValue: 0x04)
    public static let fin = FrameFlags(rawValue: 0x08)
    public static let ackRequested = FrameFlags(rawValue: 0x10)
    public static let traced = FrameFlags(rawValue: 0x20)
    public static let reserved = FrameFlags(rawValue: 0xC0)
}

/// The 17 bytes before a payload (protocol section 2). Big-endian on the wire.
public struct FrameHeader: Equatable, Sendable {
    public static let byteCount = 17
    public static let checksumByteCount = 4
    /// Header and checksum: what a frame adds to its payload.
    public static let overhead = byteCount + checksumByteCount
    public static let magic: UInt16 = 0x4D52
    public static let version: UInt8 = 1
    /// A longer payload is fatal whatever its type.
    public static let maxPayloadBytes = 16 * 1024 * 1024

    /// The raw byte: a type this build does not know is answered REFUSED, not a decoding error.
    public var typeCode: UInt8
    public var flags: FrameFlags
    public var payloadLength: Int
    public var streamID: UInt32
    public var sequence: UInt32

    public var type: FrameType? { FrameType(rawValue: typeCode) }
    /// Bytes of the whole frame.
    public var frameLength: Int { payloadLength + Self.overhead }

    public init(type: FrameType, flags: FrameFlags = [], payloadLength: Int, streamID: UInt32 = 0, sequence: UInt32) {
        self.typeCode = type.rawValue
        self.flags = flags
        self.payloadLength = payloadLength
        self.streamID = streamID
        self.sequence = sequence
    }

    public enum DecodingError: Error, Equatable, Sendable {
        case magic(received: UInt16)
        case version(received: UInt8)
        case length(received: Int)
    }

    /// - Parameter bytes: at least 17 bytes, unmasked.
    public init(decoding bytes: UnsafeRawPointer) throws(DecodingError) {
        try self.init(MaskedBytes(base: bytes, count: Self.byteCount, key: 0))
    }

    /// Unmasked in registers: every frame passes here.
    /// - Parameter bytes: at least 17.
    init(_ bytes: MaskedBytes) throws(DecodingError) {
        precondition(bytes.count >= Self.byteCount)
        let first = UInt64(bigEndian: bytes.word(at: 0))
        let second = UInt64(bigEndian: bytes.word(at: 8))
        let last = (bytes.base + 16).load(as: UInt8.self) ^ UInt8(truncatingIfNeeded: UInt32(littleEndian: bytes.key))
        let magic = UInt16(truncatingIfNeeded: first >> 48)
        guard magic == Self.magic else { throw .magic(received: magic) }
        let version = UInt8(truncatingIfNeeded: first >> 40)
        guard version == Self.version else { throw .version(received: version) }
        typeCode = UInt8(truncatingIfNeeded: first >> 32)
        flags = FrameFlags(rawValue: UInt8(truncatingIfNeeded: first >> 24))
        payloadLength = Int(first & 0xFF_FFFF) << 8 | Int(second >> 56)
        streamID = UInt32(truncatingIfNeeded: second >> 24)
        sequence = UInt32(truncatingIfNeeded: second) << 8 | UInt32(last)
        guard payloadLength <= Self.maxPayloadBytes else { throw .length(received: payloadLength) }
    }

    /// Writes 17 bytes.
    @inlinable
    public func write(to destination: UnsafeMutableRawPointer) {
        destination.storeBytes(of: Self.magic.bigEndian, as: UInt16.self)
        destination.storeBytes(of: Self.version, toByteOffset: 2, as: UInt8.self)
        destination.storeBytes(of: typeCode, toByteOffset: 3, as: UInt8.self)
        destination.storeBytes(of: flags.rawValue, toByteOffset: 4, as: UInt8.self)
        let length = UInt32(truncatingIfNeeded: payloadLength)
        destination.storeBytes(of: length.bigEndian, toByteOffset: 5, as: UInt32.self)
        destination.storeBytes(of: streamID.bigEndian, toByteOffset: 9, as: UInt32.self)
        destination.storeBytes(of: sequence.bigEndian, toByteOffset: 13, as: UInt32.self)
    }
}
