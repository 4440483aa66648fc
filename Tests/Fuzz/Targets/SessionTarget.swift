@testable import WireProtocol

/// The session state machine fed frames, time and verdicts in any order. Nothing comes after the end, nobody is let in
/// without a verdict, a mask changes nothing, and what the relay says is what its peer can read.
enum SessionTarget {
    static func run(_ input: [UInt8]) {
        var play = SessionPlay(Script(input))
        while !play.isOver { play.step() }
    }
}

private struct SessionPlay {
    private var script: Script
    private var session: SessionStateMachine
    private var sequence: UInt32 = 1
    private var now: UInt64 = 0

    init(_ script: Script) {
        self.script = script
        let settings = self.script.byte()
        session = SessionStateMachine(
            configuration: SessionConfiguration(
                relayID: "relay",
                relayPublicKey: settings & 1 == 1 ? [UInt8](repeating: 1, count: 32) : nil,
                maxMessageBytes: settings & 2 == 2 ? 64 : 1 << 20,
                handshakeTimeout: settings & 4 == 4 ? 0 : 5_000_000_000,
                idleTimeout: settings & 8 == 8 ? 0 : 300_000_000_000,
                keepaliveInterval: settings & 16 == 16 ? 0 : 30_000_000_000,
                keepaliveTimeout: settings & 32 == 32 ? 0 : 10_000_000_000,
                maxMissedPings: Int(settings >> 6)
            ),
            challenge: [UInt8](repeating: 0xC1, count: 32),
            openedAt: 0
        )
    }

    /// One step is taken past the end of the session, to see that nothing comes of it.
    private var stepsAfterEnd = 0
    var isOver: Bool { script.isAtEnd || stepsAfterEnd > 1 }

    mutating func step() {
        let before = session
        if before.isClosed { stepsAfterEnd += 1 }
        let kind = script.byte()
        let action = kind < 0x80 ? frame(kind) : event(kind)
        check(action, after: before)
        checkDeadline()
    }

    private mutating func frame(_ kind: UInt8) -> SessionAction {
        let sample = SampleFrames.all[Int(kind & 0x3F) % SampleFrames.all.count]
        let payload = edited(sample.payload)
        var header = FrameHeader(type: .hello, payloadLength: payload.count, sequence: sequence)
        header.typeCode = sample.type
        sequence &+= 1
        if kind & 0x40 != 0 {
            header.typeCode = script.byte()
            header.flags = FrameFlags(rawValue: script.byte())
            header.streamID = UInt32(script.byte() >> 6)
            header.sequence &+= UInt32(script.byte() >> 7)
        }
        let breaksChecksum = script.byte() == 0xFF
        let bytes = SampleFrames.bytes(header, payload, breaksChecksum: breaksChecksum)
        return receive(bytes, header, under: script.number())
    }

    /// Some bytes of it written over, and perhaps an end from the script.
    private mutating func edited(_ sample: [UInt8]) -> [UInt8] {
        var payload = sample
        let edits = script.byte()
        for _ in 0..<edits & 3 where !payload.isEmpty {
            payload[Int(script.number(UInt16.self)) % payload.count] = script.byte()
        }
        if edits & 4 != 0 { payload.removeLast(Int(script.number(UInt16.self)) % (payload.count + 1)) }
        if edits & 8 != 0 { payload += script.take(Int(script.byte())) }
        return payload
    }

    /// As a relay reads it: the header is judged first, and the payload only where it is wanted.
    private mutating func receive(_ bytes: [UInt8], _ header: FrameHeader, under key: UInt32) -> SessionAction {
        switch session.admission(of: header) {
        case .refuse: return session.oversized(header)
        case .skip:
            let routing = bytes.withUnsafeBytes { RoutingHeader(decoding: $0.baseAddress! + FrameHeader.byteCount) }
            return session.skippedMessage(header, routing: routing, at: now)
        case .buffer: break
        }
        var other = session
        let unmasked = Self.receive(bytes, header, 0, by: &other, at: now)
        let action = Self.receive(bytes, header, key, by: &session, at: now)
        expect(unmasked == action && other == session, "a mask changes what a frame means")
        return action
    }

    private static func receive(
        _ plain: [UInt8],
        _ header: FrameHeader,
        _ key: UInt32,
        by session: inout SessionStateMachine,
        at now: UInt64
    ) -> SessionAction {
        let mask = withUnsafeBytes(of: key) { Array($0) }
        let masked = plain.enumerated().map { $1 ^ mask[$0 & 3] }
        return masked.withUnsafeBytes { bytes in
            let frame = InboundFrame(
                header: header,
                bytes: MaskedBytes(base: bytes.baseAddress!, count: bytes.count, key: key)
            )
            return session.received(frame, at: now, wallClock: 1)
        }
    }

    private mutating func event(_ kind: UInt8) -> SessionAction {
        switch kind % 12 {
        case 0, 1:
            now = KeepaliveClock.later(now, by: script.number(UInt64.self) >> (script.byte() & 63))
            return session.timePassed(at: now, wallClock: 1)
        case 2: session.keepaliveStopped(at: now)
        case 3: session.keepaliveResumed(at: now)
        case 4, 5: return session.authenticated(SampleFrames.grant, at: now)
        case 6: return session.authenticationFailed(code: .keyPinned, message: "", retryAllowed: script.flag())
        case 7: return session.relayProved(signature: [UInt8](repeating: 1, count: 64), wallClock: 1)
        case 8:
            let alternate = String(decoding: script.take(Int(script.byte() & 15)), as: UTF8.self)
            return session.drainStarted(reconnectAfterMilliseconds: script.number(), alternateRelay: alternate)
        case 9: return session.ended(by: script.flag() ? .internalError : .slowConsumer)
        case 10: return session.invalidHeader(.magic(received: script.number()))
        default:
            let frames = session.acknowledgement(of: [SampleFrames.id], as: .received, wallClock: 1)
            frames.forEach(checkReadable)
        }
        return .none
    }

    private func check(_ action: SessionAction, after before: SessionStateMachine) {
        if before.isClosed { expect(action == .none && session.isClosed, "something comes after the end") }
        if session.isOpen, !before.isOpen {
            guard case .authenticating = before.phase else { broken("open without a verdict") }
        }
        switch action {
        case .none: break
        case .message(let routing, _, _):
            expect(before.isOpen && session.isOpen, "a message before AUTH_OK")
            expect(routing.sender == session.agent, "a message in another agent's name")
        case .acknowledged, .nack: expect(before.isOpen && session.isOpen, "an answer before AUTH_OK")
        case .send(let frames): frames.forEach(checkReadable)
        case .prove(let bytes): expect(!before.isOpen && !bytes.isEmpty, "a proof after AUTH_OK")
        case .authenticate: expect(!before.isOpen && !session.isOpen, "a claim after AUTH_OK")
        case .disconnect(let disconnect, let frames):
            expect(session.isClosed, "the session goes on after its end")
            expect(disconnect.reason.utf8.count <= 123, "the reason does not fit a close frame")
            frames.forEach(checkReadable)
        }
    }

    /// A deadline that has come is dealt with in a few calls: a loop that waits for it does not spin.
    private mutating func checkDeadline() {
        guard let deadline = session.nextDeadline, deadline <= now else { return }
        for _ in 0..<6 {
            let before = session
            let action = session.timePassed(at: now, wallClock: 1)
            check(action, after: before)
            if action == .none { break }
        }
        expect(now == .max || (session.nextDeadline ?? .max) > now, "the deadline stays in the past")
    }

    /// The peer's decoder takes it, and it is in the one form our writer has.
    private func checkReadable(_ frame: OutgoingFrame) {
        let json: [UInt8]? =
            switch frame.type {
            case .helloAck: try? HelloAck(json: frame.payload).json
            case .authOK: try? AuthOK(json: frame.payload).json
            case .authFail: try? AuthFail(json: frame.payload).json
            case .ping: try? Ping(json: frame.payload).json
            case .pong: try? Pong(json: frame.payload).json
            case .goAway: try? GoAway(json: frame.payload).json
            case .error: try? ProtocolError(json: frame.payload).json
            case .ack where session.extensions.contains(.binaryAck): try? Ack(binary: frame.payload).binary
            case .ack: try? Ack(json: frame.payload).json
            case .hello, .auth, .message, .nack, .streamOpen, .streamData, .streamClose, .windowUpdate: nil
            }
        expect(json == frame.payload, "a relay's \(frame.type.name) cannot be read")
        expect(frame.payload.count <= 4_096, "a relay's \(frame.type.name) of \(frame.payload.count) bytes")
    }
}
