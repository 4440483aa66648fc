import Testing

@testable import WireProtocol

@Suite struct SessionFrameTests {
    private static func open(_ extensions: [String] = [], maxMessageBytes: Int = 1000) -> TestAgent {
        let configuration = SessionConfiguration(relayID: "relay-1", maxMessageBytes: maxMessageBytes)
        var agent = TestAgent(configuration: configuration)
        agent.enter(extensions: extensions)
        return agent
    }

    private static let message = FrameType.message.rawValue

    private static func expectFatal(_ action: SessionAction, _ code: ErrorCode, _ message: String) {
        #expect(action.error == ProtocolError(code: code, message: message))
        #expect(action.disconnect == (code == .frameSize ? .tooLarge : .protocolViolation(code)))
    }

    @Test(
        arguments: [
            (0, [], .bestEffort), (0, .ackRequested, .atLeastOnce), (1, .ackRequested, .bestEffort),
            (2, .encrypted, .atLeastOnce), (3, [.priority, .fin], .exactlyOnce),
        ] as [(UInt8, FrameFlags, DeliveryMode)]
    )
    func messageIsTaken(delivery: UInt8, flags: FrameFlags, mode: DeliveryMode) {
        var agent = Self.open()
        let expected = SessionAction.message(Wire.routing(delivery: delivery), mode: mode, traced: false)
        #expect(agent.send(Self.message, flags: flags, payload: Wire.message(delivery: delivery)) == expected)
        #expect(agent.send(Self.message, flags: flags, payload: Wire.message(delivery: delivery)) == expected)
    }

    @Test(arguments: 0...16)
    func messageIsTakenAtEveryPhaseOfAMask(offset: Int) {
        var agent = Self.open()
        let payload = Wire.message(envelope: 3)
        let frame = Wire.frame(FrameHeader(type: .message, payloadLength: payload.count, sequence: 3), payload)
        let key = MaskedBytes.rotate(0xDEAD_BEEF, by: offset)
        #expect(agent.send(frame: frame, key: key) == .message(Wire.routing(), mode: .bestEffort, traced: false))
    }

    @Test func tracedNeedsItsExtension() {
        var agent = Self.open(["trace-context"])
        #expect(
            agent.send(Self.message, flags: .traced, payload: Wire.message(trace: true))
                == .message(Wire.routing(), mode: .bestEffort, traced: true)
        )
        let short = Array(Wire.message(trace: true, envelope: 0).dropLast())
        Self.expectFatal(
            agent.send(Self.message, flags: .traced, payload: short),
            .protocolError,
            "MESSAGE: expected at least 122 bytes, received 121"
        )
        agent = Self.open()
        Self.expectFatal(
            agent.send(Self.message, flags: .traced, payload: Wire.message(trace: true)),
            .protocolError,
            "MESSAGE: TRACED without trace-context"
        )
    }

    @Test(arguments: [0, 1, 95])
    func messageWithoutARoutingHeader(count: Int) {
        var agent = Self.open()
        Self.expectFatal(
            agent.send(Self.message, payload: [UInt8](repeating: 0, count: count)),
            .protocolError,
            "MESSAGE: expected at least 96 bytes, received \(count)"
        )
    }

    @Test func emptyEnvelopeIsAMessage() {
        var agent = Self.open()
        guard case .message = agent.send(Self.message, payload: Wire.message(envelope: 0)) else {
            Issue.record("a message without an envelope was not taken")
            return
        }
    }

    @Test func senderMustBeTheAgent() {
        var agent = Self.open()
        let nack = agent.send(Self.message, payload: Wire.message(from: TestAgent.other)).nack
        #expect(nack?.knownCode == .senderMismatch)
        #expect(nack?.messageID == Wire.id)
        guard case .message = agent.send(Self.message, payload: Wire.message()) else {
            Issue.record("the session did not go on after a NACK")
            return
        }
    }

    @Test(arguments: [4, 255] as [UInt8])
    func undefinedDeliveryByte(delivery: UInt8) {
        var agent = Self.open()
        Self.expectFatal(
            agent.send(Self.message, payload: Wire.message(delivery: delivery)),
            .protocolError,
            "MESSAGE: delivery byte \(delivery) is not defined"
        )
    }

    @Test func compressedIsRefusedByName() {
        var agent = Self.open()
        let action = agent.send(Self.message, flags: .compressed, payload: Wire.message())
        #expect(action.error?.knownCode == .refused)
        #expect(action.error?.fatal == false)
        #expect(action.error?.details == ["message_id": Wire.id.description])
        #expect(agent.session.isOpen)
    }

    @Test func messageOnAStreamIsRefused() {
        var agent = Self.open()
        let action = agent.send(Self.message, stream: 5, payload: Wire.message())
        #expect(action.error?.knownCode == .refused)
        #expect(action.error?.streamID == 5)
        #expect(agent.session.isOpen)
    }

    @Test(arguments: [0x11, 0x12, 0x20, 0x21, 0x40, 0xFF] as [UInt8])
    func documentsAreOnStreamZero(type: UInt8) {
        var agent = Self.open()
        #expect(agent.send(type, stream: 2).disconnect == .protocolViolation(.protocolError))
    }

    @Test(arguments: [0x40, 0x80, 0xC0] as [UInt8])
    func reservedFlags(bits: UInt8) {
        for type in [0x10, 0x20, 0x31, 0x7E] as [UInt8] {
            var agent = Self.open()
            Self.expectFatal(
                agent.send(type, flags: FrameFlags(rawValue: bits), payload: Wire.message()),
                .protocolError,
                "flags: reserved bits are set"
            )
        }
    }

    @Test(arguments: [2, 4, 0, .max] as [UInt32])
    func gapInTheSequence(sequence: UInt32) {
        for type in [0x10, 0x20] as [UInt8] {
            var agent = Self.open()
            Self.expectFatal(
                agent.send(type, sequence: sequence, payload: Wire.message()),
                .protocolError,
                "sequence: expected 3, received \(sequence)"
            )
        }
    }

    @Test func sequenceStartsAtOneAndWrapsToZero() {
        var agent = TestAgent()
        #expect(agent.send(0x01, sequence: 0).error?.message == "sequence: expected 1, received 0")
        agent = Self.open()
        agent.session.nextSequence = .max
        agent.sequence = .max
        #expect(agent.send(Ping(timestamp: 1, sequence: 1)).frames.map(\.type) == [.pong])
        #expect(agent.sequence == 0)
        #expect(agent.send(Ping(timestamp: 1, sequence: 1)).frames.map(\.type) == [.pong])
    }

    @Test func wrongChecksumNamesBoth() {
        var agent = Self.open()
        let payload = Ping(timestamp: 1, sequence: 2).json
        var frame = Wire.frame(FrameHeader(type: .ping, payloadLength: payload.count, sequence: 7), payload)
        // The vector of this frame has the checksum 128e64d6.
        frame[frame.count - 1] ^= 0xFF
        Self.expectFatal(
            agent.send(frame: frame),
            .protocolError,
            "checksum: expected 0x128e64d6, received 0x128e6429"
        )
    }

    /// A MESSAGE on its way to be copied is checked there; any other answer is given only to a frame that is whole.
    @Test func brokenMessageIsNeverAnsweredAsIfWhole() {
        var agent = Self.open()
        let payload = Wire.message(from: TestAgent.other)
        var frame = Wire.frame(FrameHeader(type: .message, payloadLength: payload.count, sequence: 3), payload)
        frame[40] ^= 1
        let action = agent.send(frame: frame)
        #expect(action.disconnect == .protocolViolation(.protocolError))
        #expect(action.error?.message.hasPrefix("checksum: expected 0x") == true)
    }

    @Test func shellReportsAWrongChecksum() {
        var agent = Self.open()
        let payload = Wire.message()
        var frame = Wire.frame(FrameHeader(type: .message, payloadLength: payload.count, sequence: 3), payload)
        frame[120] ^= 1
        guard case .message = agent.send(frame: frame) else {
            Issue.record("the fast path looked at the checksum")
            return
        }
        let action = frame.withUnsafeBytes { bytes in
            let header = FrameHeader(type: .message, payloadLength: payload.count, sequence: 3)
            return agent.session.checksumFailed(InboundFrame(header: header, bytes: MaskedBytes(plain: bytes)))
        }
        #expect(action.error?.message.hasPrefix("checksum: expected 0x") == true)
        #expect(agent.session.isClosed)
    }

    @Test func whatIsNoFrame() {
        var agent = TestAgent()
        Self.expectFatal(
            agent.session.invalidHeader(.magic(received: 0x4754)),
            .protocolError,
            "magic: expected 0x4d52, received 0x4754"
        )
        agent = TestAgent()
        Self.expectFatal(
            agent.session.invalidHeader(.version(received: 2)),
            .protocolError,
            "version: expected 1, received 2"
        )
        agent = TestAgent()
        Self.expectFatal(
            agent.session.invalidHeader(.length(received: 16_777_217)),
            .frameSize,
            "length: expected at most 16777216, received 16777217"
        )
    }

    @Test func admissionIsDecidedByTheHeader() {
        func header(_ type: FrameType, _ length: Int, _ flags: FrameFlags = []) -> FrameHeader {
            FrameHeader(type: type, flags: flags, payloadLength: length, sequence: 1)
        }
        let fresh = TestAgent().session
        #expect(fresh.admission(of: header(.hello, 65536)) == .buffer)
        #expect(fresh.admission(of: header(.hello, 65537)) == .refuse)
        #expect(fresh.admission(of: header(.message, 65537)) == .refuse)
        let open = Self.open(["trace-context"], maxMessageBytes: 1000).session
        #expect(open.admission(of: header(.message, 1096)) == .buffer)
        #expect(open.admission(of: header(.message, 1097)) == .skip)
        #expect(open.admission(of: header(.message, 1122, .traced)) == .buffer)
        #expect(open.admission(of: header(.message, 1123, .traced)) == .skip)
        #expect(open.admission(of: header(.message, 1101, .compressed)) == .buffer)
        #expect(open.admission(of: header(.ack, 262_144)) == .buffer)
        #expect(open.admission(of: header(.ack, 262_145)) == .refuse)
        #expect(open.admission(of: header(.streamData, 262_145)) == .refuse)
    }

    @Test func oversizedFrameEndsTheSession() {
        var agent = TestAgent()
        let header = FrameHeader(type: .hello, payloadLength: 70_000, sequence: 1)
        Self.expectFatal(
            agent.session.oversized(header),
            .frameSize,
            "HELLO: expected at most 65536 bytes here, received 70000"
        )
    }

    @Test func skippedMessageCountsAndIsNacked() {
        var agent = Self.open()
        let header = FrameHeader(type: .message, payloadLength: 5000, sequence: 3)
        let nack = agent.session.skippedMessage(header, routing: Wire.routing(), at: 0).nack
        #expect(nack == Nack(messageID: Wire.id, code: .tooLarge, message: "the envelope is over 1000 bytes"))
        #expect(
            agent.session.skippedMessage(header, routing: Wire.routing(), at: 0).error?.message
                == "sequence: expected 4, received 3"
        )
    }

    @Test func messageOverTheLimitIsNackedWhereItWasBuffered() {
        var agent = Self.open(maxMessageBytes: 100)
        guard case .message = agent.send(Self.message, payload: Wire.message(envelope: 100)) else {
            Issue.record("a message at the limit was not taken")
            return
        }
        #expect(agent.send(Self.message, payload: Wire.message(envelope: 101)).nack?.knownCode == .tooLarge)
    }

    @Test func pongSaysWhatThePingSaid() throws {
        var agent = Self.open()
        agent.session.load = 0.25
        let frame = try #require(agent.send(Ping(timestamp: 11, sequence: 12)).frames.first)
        let expected = Pong(answering: Ping(timestamp: 11, sequence: 12), serverTime: TestAgent.wallClock, load: 0.25)
        #expect(try Pong(json: frame.payload) == expected)
    }

    @Test func acksInEitherForm() {
        let ack = Ack(messageIDs: [Wire.id, TestAgentIDs.second], type: .processed, timestamp: 3)
        let expected = SessionAction.acknowledged(ack.messageIDs, .processed)
        var agent = Self.open(["ack:binary"])
        #expect(agent.send(0x11, payload: ack.binary) == expected)
        #expect(agent.send(ack) == expected)
        agent = Self.open()
        #expect(agent.send(ack) == expected)
        Self.expectFatal(agent.send(0x11, payload: ack.binary), .protocolError, "ACK: is not JSON in UTF-8")
    }

    @Test func ackOfNothingIsNothing() {
        var agent = Self.open()
        #expect(agent.send(Ack(messageIDs: [], type: .received, timestamp: 1)) == .none)
    }

    @Test func acknowledgementsAreSplit() throws {
        let ids = (0..<Ack.maxIDs + 1).map { _ in MessageID.random() }
        for (extensions, binary) in [([], false), (["ack:binary"], true)] {
            let session = Self.open(extensions).session
            let frames = session.acknowledgement(of: ids, as: .queued, wallClock: 9)
            let acks = try frames.map { try Ack(payload: $0.payload, binaryNegotiated: binary) }
            #expect(acks.map(\.messageIDs.count) == [Ack.maxIDs, 1])
            #expect(acks.flatMap(\.messageIDs) == ids)
            #expect(acks.map(\.timestamp) == (binary ? [nil, nil] : [9, 9]))
            #expect(frames.allSatisfy { $0.payload.count <= SessionConfiguration.maxDocumentBytes })
        }
    }

    @Test func drainingSaysWhenToComeBack() throws {
        var agent = Self.open()
        let action = agent.session.drainStarted(reconnectAfterMilliseconds: 77, alternateRelay: "wss://other")
        let goAway = try GoAway(json: try #require(action.frames.first).payload)
        #expect(goAway.reconnectAfterMilliseconds == 77)
        #expect(goAway.alternateRelay == "wss://other")
        #expect(agent.session.drainStarted(reconnectAfterMilliseconds: 1) == .none)
        let nack = agent.send(Self.message, payload: Wire.message()).nack
        #expect(nack?.knownCode == .draining)
        #expect(nack?.retryAfterMilliseconds == 77)
    }

    @Test func drainEndsAHandshake() {
        var agent = TestAgent()
        agent.hello()
        let action = agent.session.drainStarted(reconnectAfterMilliseconds: 5)
        #expect(action.frames.map(\.type) == [.goAway])
        #expect(action.disconnect == .drain(reconnectAfterMilliseconds: 5))
        #expect(agent.session.isClosed)
    }

    @Test func shellEndsASessionOnce() {
        var agent = Self.open()
        #expect(agent.session.ended(by: .internalError).error?.fatal == true)
        #expect(agent.session.ended(by: .textMessage) == .none)
        #expect(agent.session.nextDeadline == nil)
        agent = Self.open()
        #expect(agent.session.ended(by: .textMessage) == .disconnect(.textMessage, sending: []))
    }
}

private enum TestAgentIDs {
    static let second = MessageID(bytes: [UInt8](repeating: 7, count: 16))!
}
