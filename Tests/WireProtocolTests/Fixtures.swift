import Testing
import WireProtocol

/// An agent's side of a connection in a test: numbers its frames, masks them and hands them to a session.
struct TestAgent {
    static let hash = AgentHash(bytes: [UInt8](repeating: 0xA1, count: 32))!
    static let other = AgentHash(bytes: [UInt8](repeating: 0xB2, count: 32))!
    static let challenge = [UInt8](repeating: 0xC1, count: 32)
    static let nonce = [UInt8](repeating: 0x0E, count: 32)
    static let wallClock: UInt64 = 1_700_000_000_000

    var session: SessionStateMachine
    var sequence: UInt32 = 1
    var now: UInt64

    init(configuration: SessionConfiguration = SessionConfiguration(relayID: "relay-1"), openedAt: UInt64 = 0) {
        session = SessionStateMachine(configuration: configuration, challenge: Self.challenge, openedAt: openedAt)
        now = openedAt
    }

    @discardableResult
    mutating func send(
        _ typeCode: UInt8,
        flags: FrameFlags = [],
        stream: UInt32 = 0,
        sequence given: UInt32? = nil,
        payload: [UInt8] = Array("{}".utf8)
    ) -> SessionAction {
        var header = FrameHeader(
            type: .hello,
            flags: flags,
            payloadLength: payload.count,
            streamID: stream,
            sequence: given ?? sequence
        )
        header.typeCode = typeCode
        sequence &+= 1
        return send(frame: Wire.frame(header, payload))
    }

    @discardableResult
    mutating func send(_ document: some Document, stream: UInt32 = 0) -> SessionAction {
        send(type(of: document).frameType.rawValue, stream: stream, payload: document.json)
    }

    /// Bytes that hold one frame, whatever else is wrong with them.
    @discardableResult
    mutating func send(frame plain: [UInt8], key: UInt32 = 0x1357_9BDF) -> SessionAction {
        let masked = Wire.masked(plain, key: key)
        return masked.withUnsafeBytes { bytes in
            guard let header = try? plain.withUnsafeBytes({ try FrameHeader(decoding: $0.baseAddress!) }) else {
                Issue.record("the test's own frame has no header")
                return .none
            }
            let masked = MaskedBytes(base: bytes.baseAddress!, count: bytes.count, key: key)
            return session.received(
                InboundFrame(header: header, bytes: masked),
                at: now,
                wallClock: Self.wallClock
            )
        }
    }

    @discardableResult
    mutating func hello(extensions: [String] = [], clientTime: UInt64 = Self.wallClock) -> SessionAction {
        send(Wire.hello(extensions: extensions, clientTime: clientTime))
    }

    /// As far as an open session.
    mutating func enter(extensions: [String] = []) {
        hello(extensions: extensions)
        send(Wire.auth(authority: "localhost:8443"))
        _ = session.authenticated(Wire.grant, at: now)
        #expect(session.isOpen)
    }
}

enum Wire {
    static let id = MessageID(uuid: "00112233-4455-6677-8899-aabbccddeeff")!
    static let grant = SessionGrant(
        sessionID: "session",
        sessionToken: "token",
        expires: 1_700_003_600_000,
        queueStatus: QueueSummary(pendingMessages: 2, oldestMessageAgeMilliseconds: 1500)
    )

    static func hello(extensions: [String] = [], clientTime: UInt64 = TestAgent.wallClock) -> Hello {
        Hello(extensions: extensions, agentIDHash: TestAgent.hash, clientTime: clientTime, nonce: TestAgent.nonce)
    }

    static func auth(authority: String? = nil) -> Auth {
        Auth(
            agentID: "agent",
            publicKey: [UInt8](repeating: 1, count: 32),
            signature: [UInt8](repeating: 2, count: 64),
            authority: authority
        )
    }

    static func message(
        from sender: AgentHash = TestAgent.hash,
        delivery: UInt8 = 0,
        trace: Bool = false,
        envelope: Int = 10
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0x5A, count: RoutingHeader.byteCount + (trace ? 26 : 0) + envelope)
        bytes.withUnsafeMutableBytes { bytes in
            routing(from: sender, delivery: delivery).write(to: bytes.baseAddress!)
            guard trace else { return }
            TraceContext(traceID: (1, 2), parentID: 3, flags: 1).write(to: bytes.baseAddress! + 96)
        }
        return bytes
    }

    static func routing(from sender: AgentHash = TestAgent.hash, delivery: UInt8 = 0) -> RoutingHeader {
        RoutingHeader(
            sender: sender,
            recipient: TestAgent.other,
            id: id,
            timestamp: 1,
            ttl: 60,
            delivery: delivery
        )
    }

    static func frame(_ header: FrameHeader, _ payload: [UInt8]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: header.frameLength)
        bytes.replaceSubrange(17..<17 + payload.count, with: payload)
        bytes.withUnsafeMutableBytes { bytes in
            header.write(to: bytes.baseAddress!)
            let covered = bytes.count - 4
            let checksum = Checksum.crc32(UnsafeRawPointer(bytes.baseAddress!), count: covered)
            bytes.storeBytes(of: checksum.bigEndian, toByteOffset: covered, as: UInt32.self)
        }
        return bytes
    }

    /// RFC 6455 section 5.3, byte by byte. `key` is the mask as it lies in memory.
    static func masked(_ plain: [UInt8], key: UInt32) -> [UInt8] {
        let mask = withUnsafeBytes(of: key) { Array($0) }
        return plain.enumerated().map { $1 ^ mask[$0 & 3] }
    }
}

extension SessionAction {
    var frames: [OutgoingFrame] {
        switch self {
        case .send(let frames), .disconnect(_, sending: let frames): frames
        default: []
        }
    }

    var disconnect: Disconnect? {
        if case .disconnect(let disconnect, _) = self { disconnect } else { nil }
    }

    /// The ERROR document among its frames.
    var error: ProtocolError? {
        frames.first { $0.type == .error }.flatMap { try? ProtocolError(json: $0.payload) }
    }

    var nack: Nack? {
        if case .nack(let nack) = self { nack } else { nil }
    }
}
