import Testing
import WireProtocol

@testable import RelayClient

@Suite struct SessionFrameTests {
    private var relay: TestRelay

    init() throws {
        relay = TestRelay(try Sample.configuration())
        try relay.open()
    }

    @Test mutating func aMessageIsGivenOut() throws {
        let id = try Sample.id(1)
        guard case .message(let frame) = relay.send(.message, flags: .encrypted, payload: relay.message(id)) else {
            throw TestRelay.NotOpen()
        }
        #expect(frame.routing.id == id && frame.routing.sender == Sample.bob && frame.routing.ttl == 6)
        #expect(frame.mode == .atLeastOnce)
        #expect(frame.isEncrypted)
        #expect(frame.envelope == [1, 2, 3])
        #expect(frame.trace == nil)
    }

    @Test(arguments: [
        (UInt8(0), FrameFlags(), DeliveryMode.bestEffort), (0, FrameFlags.ackRequested, .atLeastOnce),
        (3, FrameFlags(), .exactlyOnce),
    ])
    func theModeIsThatOfByteAndFlag(delivery: UInt8, flags: FrameFlags, mode: DeliveryMode) throws {
        var relay = relay
        let payload = relay.message(try Sample.id(1), delivery: delivery)
        guard case .message(let frame) = relay.send(.message, flags: flags, payload: payload) else {
            throw TestRelay.NotOpen()
        }
        #expect(frame.mode == mode)
    }

    @Test func aTraceContextIsReadWhereItIsNegotiated() throws {
        var configuration = try Sample.configuration()
        configuration.tracesMessages = true
        var relay = TestRelay(configuration)
        try relay.open(["auth:bound", "trace-context"])
        let trace = TraceContext(traceID: (1, 2), parentID: 3, flags: 1)
        var bytes = [UInt8](repeating: 0, count: TraceContext.byteCount)
        bytes.withUnsafeMutableBytes { trace.write(to: $0.baseAddress!) }
        let payload = relay.message(try Sample.id(1), body: bytes + [9])
        guard case .message(let frame) = relay.send(.message, flags: .traced, payload: payload) else {
            throw TestRelay.NotOpen()
        }
        #expect(frame.trace == trace)
        #expect(frame.envelope == [9])
    }

    @Test mutating func bothFormsOfAnAckAreRead() throws {
        let ids = [try Sample.id(1), try Sample.id(2)]
        let ack = Ack(messageIDs: ids, type: .queued, timestamp: 1)
        #expect(relay.send(.ack, payload: ack.binary) == .acknowledged(ids, .queued))
        #expect(relay.send(ack) == .acknowledged(ids, .queued))
    }

    @Test mutating func aNackIsGivenOut() throws {
        let nack = Nack(messageID: try Sample.id(1), code: .queueFull, message: "full", retryAfterMilliseconds: 7)
        #expect(relay.send(nack) == .refused(nack))
    }

    @Test mutating func aPingIsAnswered() throws {
        let pong = try relay.send(Ping(timestamp: 8, sequence: 9)).document(Pong.self)
        #expect(pong == Pong(answering: Ping(timestamp: 8, sequence: 9)))
    }

    @Test mutating func afterGoAwayNothingNewBegins() throws {
        let goAway = GoAway(message: "drain")
        #expect(relay.send(goAway) == .goingAway(goAway))
        #expect(relay.session.isOpen && !relay.session.takesMessages)
        #expect(relay.session.goAway == goAway)
        #expect(relay.send(goAway) == .none)
        let ack = Ack(messageIDs: [try Sample.id(1)], type: .queued, timestamp: 1)
        #expect(relay.send(ack) == .acknowledged(ack.messageIDs, .queued))
    }

    @Test mutating func onlyAFatalErrorEnds() {
        #expect(relay.send(ProtocolError(code: .refused, message: "no")) == .none)
        let error = ProtocolError(code: .internalError, message: "oh", fatal: true)
        #expect(relay.send(error).failure == .relayFailed(error))
    }

    @Test(arguments: [FrameType.streamOpen, .streamData, .streamClose, .windowUpdate])
    func streamsAreRefused(type: FrameType) throws {
        var relay = relay
        #expect(try relay.send(type, payload: []).document(ProtocolError.self).knownCode == .refused)
    }

    @Test(arguments: [FrameType.hello, .helloAck, .auth, .authOK, .authFail])
    func theHandshakeDoesNotComeAgain(type: FrameType) {
        var relay = relay
        #expect(relay.send(type, payload: Array("{}".utf8)).isViolation)
    }

    @Test mutating func aGapInTheSequenceEnds() {
        #expect(relay.send(.pong, skipping: 1, payload: []).failure == .violation("sequence: expected 3, received 4"))
    }

    @Test func whatBreaksTheProtocolEnds() throws {
        let message = relay.message(try Sample.id(1))
        let stranger = relay.message(try Sample.id(1), to: Sample.bob)
        let undefined = relay.message(try Sample.id(1), delivery: 4)
        let cases: [(FrameType, FrameFlags, UInt32, [UInt8])] = [
            (.message, .compressed, 0, message), (.message, .traced, 0, message), (.message, [], 0, stranger),
            (.message, [], 0, undefined), (.message, [], 0, Array(message.prefix(95))), (.ping, [], 0, [0x7B]),
            (.ping, .reserved, 0, Ping(timestamp: 1, sequence: 1).json),
            (.ping, [], 1, Ping(timestamp: 1, sequence: 1).json),
            (.ack, [], 0, [0, 0, 1]),
        ]
        for (type, flags, stream, payload) in cases {
            var relay = relay
            #expect(relay.send(type, flags: flags, stream: stream, payload: payload).isViolation, "\(type) \(flags)")
        }
    }

    @Test func acknowledgementsAreSplitAndInTheNegotiatedForm() throws {
        let ids = (0..<Ack.maxIDs + 1).map { _ in MessageID.random() }
        let frames = relay.session.acknowledgement(of: ids, as: .processed, wallClock: 1)
        #expect(try frames.map { try Ack(binary: $0.payload).messageIDs.count } == [Ack.maxIDs, 1])
        var plain = TestRelay(try Sample.configuration())
        try plain.open(["auth:bound"])
        let frame = try #require(plain.session.acknowledgement(of: [ids[0]], as: .received, wallClock: 1).first)
        #expect(try Ack(json: frame.payload) == Ack(messageIDs: [ids[0]], type: .received, timestamp: 1))
    }
}

@Suite struct KeepaliveTests {
    private func opened(_ change: (inout RelayClient.Configuration) -> Void = { _ in }) throws -> TestRelay {
        var configuration = try Sample.configuration()
        change(&configuration)
        var relay = TestRelay(configuration)
        try relay.open()
        return relay
    }

    @Test func silenceIsAskedAboutAndThenEnds() throws {
        var relay = try opened { $0.maxMissedPings = 2 }
        #expect(relay.session.nextDeadline == 30 * Sample.seconds)
        let ping = try relay.session.timePassed(at: 30 * Sample.seconds, wallClock: 4).document(Ping.self)
        #expect(ping == Ping(timestamp: 4, sequence: 1))
        #expect(relay.session.nextDeadline == 60 * Sample.seconds)
        #expect(try relay.session.timePassed(at: 60 * Sample.seconds, wallClock: 4).document(Ping.self).sequence == 2)
        #expect(relay.session.nextDeadline == 70 * Sample.seconds)
        #expect(relay.session.timePassed(at: 70 * Sample.seconds, wallClock: 4).failure == .keepaliveMissed)
    }

    @Test func anyFrameIsAnAnswer() throws {
        var relay = try opened()
        _ = relay.session.timePassed(at: 30 * Sample.seconds, wallClock: 0)
        relay.now = 35 * Sample.seconds
        relay.send(ProtocolError(code: .refused, message: ""))
        #expect(relay.session.nextDeadline == 65 * Sample.seconds)
    }

    @Test func whileNothingIsReadPingsGoOutAndNothingIsMissed() throws {
        var relay = try opened()
        relay.session.readingPaused()
        for turn in 1...9 as ClosedRange<UInt64> {
            let now = turn * 30 * Sample.seconds
            #expect(relay.session.nextDeadline == now)
            _ = try relay.session.timePassed(at: now, wallClock: 0).document(Ping.self)
        }
        relay.session.readingResumed(at: 280 * Sample.seconds)
        #expect(relay.session.nextDeadline == 310 * Sample.seconds)
    }

    @Test(arguments: [(UInt64(0), UInt64(30)), (1, 1), (60_000, 60), (.max, 3_600)])
    func theRelaysIntervalIsTakenWithinReason(milliseconds: UInt64, seconds: UInt64) throws {
        var relay = TestRelay(try Sample.configuration())
        relay.send(try relay.helloAck())
        relay.send(relay.authOK(keepaliveMilliseconds: milliseconds))
        #expect(relay.session.nextDeadline == seconds * Sample.seconds)
    }
}
