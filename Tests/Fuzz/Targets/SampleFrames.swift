import WireProtocol

/// Good frames for the session target to spoil: a fuzzer alone hardly finds a checksum.
enum SampleFrames {
    static let id = known(MessageID(uuid: "00112233-4455-6677-8899-aabbccddeeff"))
    static let grant = SessionGrant(
        sessionID: "session",
        sessionToken: "token",
        expires: 1_700_003_600_000,
        queueStatus: QueueSummary(pendingMessages: 2, oldestMessageAgeMilliseconds: 1500)
    )
    private static let agent = known(AgentHash(bytes: [UInt8](repeating: 0xA1, count: 32)))
    private static let other = known(AgentHash(bytes: [UInt8](repeating: 0xB2, count: 32)))

    static let all: [(type: UInt8, payload: [UInt8])] = [
        sample(hello([])), sample(hello(["ack:binary", "trace-context", "batching"])), sample(hello(["auth:bound"])),
        sample(auth(authority: nil)), sample(auth(authority: "localhost:8443")),
        (0x10, message(delivery: 0)), (0x10, message(delivery: 3)),
        sample(Ack(messageIDs: [id], type: .received, timestamp: 1)),
        (0x11, Ack(messageIDs: [id], type: .processed, timestamp: nil).binary),
        sample(Ping(timestamp: 1, sequence: 1)), sample(Pong(answering: Ping(timestamp: 1, sequence: 1))),
        sample(GoAway(message: "")), sample(ProtocolError(code: .refused, message: "", details: ["a": "b"])),
        (0x12, Array(#"{"message_id":"00112233-4455-6677-8899-aabbccddeeff","code":"EXPIRED","message":""}"#.utf8)),
        (0x30, Array("{}".utf8)), (0x7E, []),
    ]

    private static func sample<D: Document>(_ document: D) -> (UInt8, [UInt8]) {
        (D.frameType.rawValue, document.json)
    }

    private static func hello(_ extensions: [String]) -> Hello {
        Hello(extensions: extensions, agentIDHash: agent, clientTime: 1, nonce: [UInt8](repeating: 0x0E, count: 32))
    }

    private static func auth(authority: String?) -> Auth {
        Auth(
            agentID: "agent",
            publicKey: [UInt8](repeating: 1, count: 32),
            signature: [UInt8](repeating: 2, count: 64),
            authority: authority
        )
    }

    private static func message(delivery: UInt8) -> [UInt8] {
        let routing = RoutingHeader(sender: agent, recipient: other, id: id, timestamp: 1, ttl: 60, delivery: delivery)
        var bytes = [UInt8](repeating: 0x5A, count: RoutingHeader.byteCount + 40)
        bytes.withUnsafeMutableBytes { routing.write(to: $0.baseAddress!) }
        return bytes
    }

    /// Header, payload and checksum on the wire.
    static func bytes(_ header: FrameHeader, _ payload: [UInt8], breaksChecksum: Bool) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: header.frameLength)
        let covered = FrameHeader.byteCount + payload.count
        bytes.replaceSubrange(FrameHeader.byteCount..<covered, with: payload)
        bytes.withUnsafeMutableBytes { bytes in
            header.write(to: bytes.baseAddress!)
            let checksum = Checksum.crc32(UnsafeRawPointer(bytes.baseAddress!), count: covered)
            let sent = breaksChecksum ? checksum ^ 1 : checksum
            bytes.storeBytes(of: sent.bigEndian, toByteOffset: covered, as: UInt32.self)
        }
        return bytes
    }
}
