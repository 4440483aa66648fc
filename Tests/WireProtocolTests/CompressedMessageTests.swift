import Testing
import WireProtocol

@Suite struct CompressedMessageTests {
    static let message = FrameType.message.rawValue

    static func open(_ word: String = "compression:zstd", maxMessageBytes: Int = 1 << 20) -> TestAgent {
        let configuration = SessionConfiguration(relayID: "relay-1", maxMessageBytes: maxMessageBytes)
        var agent = TestAgent(configuration: configuration)
        agent.enter(extensions: [word, "trace-context"])
        return agent
    }

    static func payload(algorithm: UInt8, size: UInt32, trace: Bool = false, data: Int = 20) -> [UInt8] {
        let head = [algorithm] + withUnsafeBytes(of: size.bigEndian) { Array($0) }
        return Wire.message(trace: trace, envelope: 0) + head + [UInt8](repeating: 0x11, count: data)
    }

    @Test(
        arguments: [
            (["compression:lz4", "compression:zstd"], ["compression:lz4"]),
            (
                ["compression:gzip", "compression:brotli", "batching", "compression:lz4"],
                ["compression:brotli", "batching"]
            ),
            (["compression"], ["compression:zstd"]),
            (["compression", "compression:zstd"], ["compression:zstd"]),
        ] as [([String], [String])]
    )
    func onlyTheFirstMutualAlgorithmIsAgreed(offered: [String], agreed: [String]) {
        #expect(Extension.negotiate(offered: offered).map(\.rawValue) == agreed)
        #expect(Extension.negotiate(offered: offered, compresses: false).compression == nil)
    }

    @Test func theRelayMayCompressNothing() throws {
        var agent = TestAgent(configuration: SessionConfiguration(relayID: "relay-1", compresses: false))
        let frames = agent.hello(extensions: ["compression:zstd", "batching"]).frames
        #expect(try HelloAck(json: #require(frames.first).payload).extensions == ["batching"])
    }

    @Test(arguments: [("compression:lz4", 1), ("compression:zstd", 2), ("compression:brotli", 3), ("compression", 2)])
    func theNegotiatedAlgorithmIsTaken(word: String, code: UInt8) {
        for trace in [false, true] {
            var agent = Self.open(word)
            let flags: FrameFlags = trace ? [.compressed, .traced] : .compressed
            let payload = Self.payload(algorithm: code, size: 4_000, trace: trace)
            guard case .message(_, _, traced: trace) = agent.send(Self.message, flags: flags, payload: payload) else {
                Issue.record("not taken")
                continue
            }
        }
    }

    @Test(arguments: [0, 1, 3, 4, 255] as [UInt8])
    func anyOtherEndsTheSession(code: UInt8) {
        var agent = Self.open()
        let action = agent.send(Self.message, flags: .compressed, payload: Self.payload(algorithm: code, size: 4_000))
        #expect(action.disconnect == .protocolViolation(.compression))
        #expect(action.error?.knownCode == .compression)
        #expect(action.error?.message == "MESSAGE: expected algorithm 2 (zstd), received \(code)")
    }

    @Test func compressedAndEncryptedExcludeEachOther() {
        var agent = Self.open()
        let payload = Self.payload(algorithm: 2, size: 4_000)
        let action = agent.send(Self.message, flags: [.compressed, .encrypted], payload: payload)
        #expect(action.error?.message == "MESSAGE: COMPRESSED and ENCRYPTED exclude each other")
    }

    /// However little comes, what it says it inflates to is held against the limit.
    @Test func theOriginalSizeIsLimitedToo() {
        var agent = Self.open(maxMessageBytes: 4_000)
        let fits = agent.send(Self.message, flags: .compressed, payload: Self.payload(algorithm: 2, size: 4_000))
        #expect(fits != .none && fits.nack == nil && fits.error == nil)
        let action = agent.send(Self.message, flags: .compressed, payload: Self.payload(algorithm: 2, size: 4_001))
        #expect(action.nack?.knownCode == .tooLarge)
        #expect(agent.session.isOpen)
    }

    @Test func aHeadCutShortIsAViolation() {
        var agent = Self.open()
        let payload = Array(Self.payload(algorithm: 2, size: 1, data: 0).dropLast())
        let action = agent.send(Self.message, flags: .compressed, payload: payload)
        #expect(action.error?.message == "MESSAGE: expected at least 101 bytes, received 100")
    }

    @Test func whatWasFoundLaterEndsTheSessionByName() {
        var agent = Self.open()
        let action = agent.session.compressionFailed(Wire.id, "it is a lie")
        #expect(action.disconnect == .protocolViolation(.compression))
        #expect(action.error?.message == "MESSAGE: it is a lie")
        #expect(action.error?.details == ["message_id": Wire.id.description])
        #expect(agent.session.compressionFailed(Wire.id, "it is a lie") == .none)
    }

    @Test func headsAreWrittenAsTheyAreRead() {
        var bytes = [UInt8](repeating: 0, count: 5)
        CompressedHead(algorithm: .brotli, originalSize: 0x0001_0203).write(to: &bytes)
        #expect(bytes == [3, 0, 1, 2, 3])
        let read = bytes.withUnsafeBytes { CompressedHead(decoding: $0.baseAddress!) }
        #expect(read == CompressedHead(algorithm: .brotli, originalSize: 66_051))
    }
}
