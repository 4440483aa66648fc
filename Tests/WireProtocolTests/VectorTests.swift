import Testing
import WireProtocol

/// Expected bytes come from Python's struct and zlib, never from the code under test. With
///   def frame(t, flags, payload, seq, stream=0):
///       h = struct.pack(">2sBBBIII", b"MR", 1, t, flags, len(payload), stream, seq) + payload
///       return h + struct.pack(">I", zlib.crc32(h))
///   def joined(*s): return b"".join(struct.pack(">I", len(x)) + x for x in s)
@Suite struct VectorTests {
    private static func bytes(_ hex: String) -> [UInt8] { Hex.decode(hex[...]) ?? [] }

    /// `zlib.crc32(b"")`, `(b"a")`, `(b"123456789")`, `(bytes(range(256)) * 5)`
    @Test func checksums() {
        let long = (0..<5).flatMap { _ in (0..<256).map { UInt8($0) } }
        for (bytes, expected) in [([], 0), (Array("a".utf8), 0xE8B7_BE43), (Array("123456789".utf8), 0xCBF4_3926)] {
            #expect(bytes.withUnsafeBytes { Checksum.crc32($0) } == UInt32(expected))
        }
        #expect(long.withUnsafeBytes { Checksum.crc32($0) } == 0x1E7A_6D24)
    }

    /// `frame(0x20, 0, b'{"timestamp":1,"sequence":2}', 7)`
    @Test func pingFrame() {
        let expected = Self.bytes(
            "4d520120000000001c00000000000000077b2274696d657374616d70223a312c2273657175656e6365223a327d128e64d6"
        )
        let payload = Ping(timestamp: 1, sequence: 2).json
        #expect(Wire.frame(FrameHeader(type: .ping, payloadLength: payload.count, sequence: 7), payload) == expected)
    }

    /// `frame(0x31, 0x08, b"", 2**32-1, 2**32-1)`
    @Test func emptyFrameWithEveryFieldAtItsEnd() throws {
        let bytes = Self.bytes("4d5201310800000000ffffffffffffffff58a9776e")
        try bytes.withUnsafeBytes { bytes in
            let header = try FrameHeader(decoding: bytes.baseAddress!)
            #expect(
                header
                    == FrameHeader(type: .streamData, flags: .fin, payloadLength: 0, streamID: .max, sequence: .max)
            )
            let frame = InboundFrame(header: header, bytes: MaskedBytes(plain: bytes))
            #expect(frame.verifiedPayload() == [])
        }
    }

    /// r = bytes(range(80)) + struct.pack(">QHBBI", 1700000000123, 65535, 192, 3, 0)
    /// t = struct.pack(">B16sQB", 0, bytes(range(1, 17)), 0x1122334455667788, 1)
    /// `frame(0x10, 0x30, r + t + b"envelope", 3)`
    @Test func messageFrame() throws {
        let bytes = Self.bytes(
            "4d52011030000000820000000000000003000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
                + "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f"
                + "0000018bcfe5687bffffc00300000000000102030405060708090a0b0c0d0e0f101122334455667788"
                + "01656e76656c6f706520a281ee"
        )
        let payload = try bytes.withUnsafeBytes { bytes in
            let header = try FrameHeader(decoding: bytes.baseAddress!)
            #expect(header.flags == [.traced, .ackRequested])
            return InboundFrame(header: header, bytes: MaskedBytes(plain: bytes)).verifiedPayload()
        }
        try #require(payload?.count == 96 + 26 + 8)
        payload?.withUnsafeBytes { payload in
            let routing = RoutingHeader(decoding: payload.baseAddress!)
            #expect(routing.sender.bytes == (0..<32).map { UInt8($0) })
            #expect(routing.recipient.bytes == (32..<64).map { UInt8($0) })
            #expect(routing.id.description == "40414243-4445-4647-4849-4a4b4c4d4e4f")
            #expect(routing.timestamp == 1_700_000_000_123)
            #expect(routing.ttl == 65535)
            #expect(routing.priority == 192)
            #expect(routing.mode(flags: .ackRequested) == .exactlyOnce)
            let trace = TraceContext(decoding: payload.baseAddress! + 96)
            #expect(trace?.traceID.high == 0x0102_0304_0506_0708)
            #expect(trace?.traceID.low == 0x090A_0B0C_0D0E_0F10)
            #expect(trace?.parentID == 0x1122_3344_5566_7788)
            #expect(trace?.flags == 1)
        }
    }

    /// `struct.pack(">BH", 1, 2) + bytes(range(32))`
    @Test func binaryAck() throws {
        let bytes = Self.bytes("010002000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
        let ids = [0..<16, 16..<32].compactMap { MessageID(bytes: $0.map { UInt8($0) }) }
        #expect(try Ack(binary: bytes) == Ack(messageIDs: ids, type: .received, timestamp: nil))
        #expect(Ack(messageIDs: ids, type: .received, timestamp: nil).binary == bytes)
    }

    /// `joined(b"moltrelay-auth-v1", c, n, b"relay-1", "agent:é".encode(), b"example.org:8443")`, and
    /// `joined(b"moltrelay-relay-v1", n, c, b"relay-1")`, c = b"\xc1" * 32, n = b"\x0e" * 32
    @Test func signedBytes() {
        let challenge = String(repeating: "c1", count: 32)
        let nonce = String(repeating: "0e", count: 32)
        #expect(
            Hex.encode(
                SignedBytes.authentication(
                    challenge: TestAgent.challenge,
                    nonce: TestAgent.nonce,
                    relayID: "relay-1",
                    agentID: "agent:é",
                    authority: "example.org:8443"
                )
            ) == "000000116d6f6c7472656c61792d617574682d763100000020" + challenge + "00000020" + nonce
                + "0000000772656c61792d31000000086167656e743ac3a9000000106578616d706c652e6f72673a38343433"
        )
        #expect(
            Hex.encode(
                SignedBytes.relayProof(nonce: TestAgent.nonce, challenge: TestAgent.challenge, relayID: "relay-1")
            ) == "000000126d6f6c7472656c61792d72656c61792d763100000020" + nonce + "00000020" + challenge
                + "0000000772656c61792d31"
        )
    }

    /// Base58 of `bytes(range(32))`, `b"\xff" * 32` and `bytes(32)` by big integer division, and their base64.
    @Test(arguments: [
        ("1thX6LZfHDZZKUs92febYZhYRcXddmzfzF2NvTkPNE", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ("JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFG", "//////////////////////////////////////////8="),
        ("11111111111111111111111111111111", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    ])
    func keysInBothAlphabets(base58: String, base64: String) throws {
        let key = try #require(Ed25519Text.key("ed25519:" + base58))
        #expect(key == Ed25519Text.key("ed25519:" + base64))
        #expect(Ed25519Text.encode(key) == "ed25519:" + base64)
    }

    @Test(arguments: [
        "", "ed25519:", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "ed25519:AAECAw==",
        "ed25519:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "ed25519:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=",
        "ed25519: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "ed25519:0thX6LZfHDZZKUs92febYZhYRcXddmzfzF2NvTkPNE",
        "ed25519:" + String(repeating: "z", count: 100_000),
    ])
    func noKeys(text: String) {
        #expect(Ed25519Text.key(text) == nil)
    }
}
