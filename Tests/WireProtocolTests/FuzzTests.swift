import Testing

@testable import WireProtocol

/// Frames and whole handshakes with bytes changed, at every state. Nothing may trap, nothing may be sent after the end,
/// and no agent gets in whose AUTH was not verified. The seed is fixed: a failure repeats.
@Suite struct FuzzTests {
    private typealias Generator = SplitMix64

    private static let payloads: [(UInt8, [UInt8])] = [
        (0x01, Wire.hello(extensions: ["ack:binary", "trace-context"]).json), (0x03, Wire.auth(authority: "a:1").json),
        (0x10, Wire.message()), (0x10, Wire.message(trace: true)),
        (0x11, Ack(messageIDs: [Wire.id], type: .received, timestamp: 1).json),
        (0x11, Ack(messageIDs: [Wire.id], type: .received, timestamp: 1).binary),
        (0x12, Nack(messageID: Wire.id, code: .expired, message: "").json),
        (0x20, Ping(timestamp: 1, sequence: 1).json),
        (0x21, Pong(answering: Ping(timestamp: 1, sequence: 1)).json), (0x31, [1, 2, 3]),
        (0x40, GoAway(message: "").json),
        (0xFF, ProtocolError(code: .refused, message: "", details: ["a": "b"]).json), (0x7E, []),
    ]

    @Test func twentyThousandFrames() {
        var random = Generator(state: 20_251_123)
        var mutated = 0
        var taken = 0
        var ended = 0
        for round in 0... {
            guard mutated < 20_000 else { break }
            var agent = TestAgent(configuration: Self.configuration(round))
            if !round.isMultiple(of: 3) { agent.enter(extensions: ["trace-context"]) }
            for _ in 0..<20 {
                let before = agent.session
                let action = Self.step(&agent, &random, &mutated)
                Self.check(action, before: before, after: agent.session)
                if case .message = action { taken += 1 }
                if action.disconnect != nil { ended += 1 }
                if before.isClosed { break }
            }
        }
        #expect(taken > 2_000, "the loop hardly reached an open session")
        #expect(ended > 2_000, "the loop hardly broke anything")
    }

    private static func configuration(_ round: Int) -> SessionConfiguration {
        let key = round.isMultiple(of: 6) ? [UInt8](repeating: 1, count: 32) : nil
        return SessionConfiguration(relayID: "r", relayPublicKey: key, maxMessageBytes: 64)
    }

    private static func step(
        _ agent: inout TestAgent,
        _ random: inout Generator,
        _ mutated: inout Int
    ) -> SessionAction {
        switch UInt8.random(in: 0..<32, using: &random) {
        case 0:
            agent.now += random.next() >> 30
            return agent.session.timePassed(at: agent.now, wallClock: random.next())
        case 1: return agent.session.drainStarted(reconnectAfterMilliseconds: random.next())
        case 2: return agent.session.relayProved(signature: [UInt8](repeating: 1, count: 64), wallClock: 1)
        case 3: return skip(&agent, &random)
        case 4...9: return expectedNext(&agent)
        default:
            mutated += 1
            return mutatedFrame(&agent, &random)
        }
    }

    /// Whatever brings the session on, so that later states are reached.
    private static func expectedNext(_ agent: inout TestAgent) -> SessionAction {
        switch agent.session.phase {
        case .awaitingHello: agent.hello(extensions: ["trace-context", "ack:binary"])
        case .proving: agent.session.relayProved(signature: [UInt8](repeating: 1, count: 64), wallClock: 1)
        case .awaitingAuth: agent.send(Wire.auth())
        case .authenticating: agent.session.authenticated(Wire.grant, at: agent.now)
        case .open, .draining, .closed: agent.send(0x10, payload: Wire.message())
        }
    }

    private static func skip(_ agent: inout TestAgent, _ random: inout Generator) -> SessionAction {
        let header = FrameHeader(
            type: .message,
            flags: FrameFlags(rawValue: UInt8.random(in: 0...63, using: &random)),
            payloadLength: Int.random(in: 0...FrameHeader.maxPayloadBytes, using: &random),
            sequence: agent.sequence
        )
        guard agent.session.admission(of: header) == .skip else { return .none }
        agent.sequence &+= 1
        return agent.session.skippedMessage(header, routing: Wire.routing(), at: agent.now)
    }

    /// A known frame with some bytes of its payload changed under a right checksum, or of the whole under a wrong one.
    private static func mutatedFrame(_ agent: inout TestAgent, _ random: inout Generator) -> SessionAction {
        var (type, payload) = payloads.randomElement(using: &random)!
        mutate(&payload, &random)
        let flags = UInt8.random(in: 0..<8, using: &random) == 0 ? UInt8.random(in: 0...255, using: &random) : 0
        var header = FrameHeader(
            type: .hello,
            flags: FrameFlags(rawValue: flags),
            payloadLength: payload.count,
            sequence: agent.sequence
        )
        header.typeCode = type
        agent.sequence &+= 1
        var frame = Wire.frame(header, payload)
        if UInt8.random(in: 0..<8, using: &random) == 0 {
            frame[Int.random(in: 9..<frame.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
        }
        return agent.send(frame: frame, key: UInt32(truncatingIfNeeded: random.next()))
    }

    private static func mutate(_ payload: inout [UInt8], _ random: inout Generator) {
        for _ in 0..<Int.random(in: 0...2, using: &random) where !payload.isEmpty {
            let index = payload.indices.randomElement(using: &random)!
            switch UInt8.random(in: 0..<4, using: &random) {
            case 0: payload[index] = UInt8(truncatingIfNeeded: random.next())
            case 1: payload.remove(at: index)
            case 2: payload.insert(payload[index], at: index)
            default: payload.removeLast(payload.count - index)
            }
        }
    }

    private static func check(_ action: SessionAction, before: SessionStateMachine, after: SessionStateMachine) {
        if before.isClosed { #expect(action == .none && after == before) }
        if action.disconnect != nil { #expect(after.isClosed) }
        switch action {
        case .message, .acknowledged, .nack: #expect(before.isOpen && after.isOpen)
        case .authenticate: #expect(after.phase != .open)
        case .disconnect, .none, .send, .prove: break
        }
        if after.isOpen, !before.isOpen {
            guard case .authenticating = before.phase else {
                Issue.record("open without a verdict")
                return
            }
        }
    }

    /// JSON cut and changed at random is read or refused; the scanner under it never leaves its array.
    @Test func twentyThousandDocuments() throws {
        var random = Generator(state: 7)
        let attestation = Array(#"{"org_attestation": {"a":"\"}","b":[1,{"c":null}]} , "agent_id":"\\"}"#.utf8)
        for _ in 0..<20_000 {
            var json = UInt8.random(in: 0..<2, using: &random) == 0 ? attestation : Self.payloads[4].1
            Self.mutate(&json, &random)
            _ = JSONMember.value(of: "org_attestation", in: json)
            var reader = AckReader(json: json)
            guard let short = reader.read() else { continue }
            #expect(try Ack.decoded(from: json) == short)
        }
    }
}
