import Testing

@testable import WireProtocol

/// One session after another, fed with mutations by the loop that the transport feeds it with. Nothing may trap,
/// nothing may be sent after the end, and no agent gets in whose AUTH was not verified.
struct SessionFuzz {
    private var random: SplitMix64
    private var agent = TestAgent()
    private var mutations = 0
    private(set) var messagesTaken = 0
    private(set) var sessionsEnded = 0
    private(set) var attempts = 0

    init(seed: UInt64) { random = SplitMix64(state: seed) }

    mutating func run(mutations wanted: Int) {
        for round in 0... {
            guard mutations < wanted else { return }
            agent = Self.agents[round % Self.agents.count]
            for _ in 0..<20 where !agent.session.isClosed { step() }
            apply { $0.timePassed(at: .max, wallClock: 1) }
            apply { $0.drainStarted(reconnectAfterMilliseconds: nil) }
        }
    }

    /// Before HELLO, with and without a key to prove the relay by, and past AUTH_OK.
    private static let agents: [TestAgent] = {
        let key = [UInt8](repeating: 1, count: 32)
        let fresh = [key, nil].map { key in
            TestAgent(configuration: SessionConfiguration(relayID: "r", relayPublicKey: key, maxMessageBytes: 64))
        }
        var open = fresh[1]
        open.enter(extensions: ["trace-context"])
        return fresh + [open, open]
    }()

    private mutating func step() {
        switch UInt8.random(in: 0..<32, using: &random) {
        case 0:
            agent.now += random.next() >> 30
            apply { [now = agent.now] in $0.timePassed(at: now, wallClock: 1) }
        case 1: apply { $0.drainStarted(reconnectAfterMilliseconds: 7) }
        case 2: prove()
        case 3: apply { [now = agent.now] in $0.authenticated(Wire.grant, at: now) }
        case 4...10: goOn()
        default:
            mutations += 1
            let frame = Mutation.frame(awaited, sequence: agent.sequence, &random)
            agent.sequence &+= 1
            deliver(frame, key: Bool.random(using: &random) ? 0 : UInt32(truncatingIfNeeded: random.next()))
        }
    }

    private var awaited: FrameType? {
        switch agent.session.phase {
        case .awaitingHello: .hello
        case .awaitingAuth: .auth
        default: nil
        }
    }

    /// Whatever brings the session on, so that later states are reached.
    private mutating func goOn() {
        switch agent.session.phase {
        case .awaitingHello: send(0x01, Wire.hello(extensions: ["trace-context", "ack:binary"]).json)
        case .proving: prove()
        case .awaitingAuth: send(0x03, Wire.auth().json)
        case .authenticating:
            if Mutation.oneIn(4, &random) {
                apply { $0.authenticationFailed(code: .keyPinned, message: "", retryAllowed: false) }
            } else {
                apply { [now = agent.now] in $0.authenticated(Wire.grant, at: now) }
            }
        case .open, .draining, .closed: send(0x10, Wire.message())
        }
    }

    private mutating func prove() {
        apply { $0.relayProved(signature: [UInt8](repeating: 1, count: 64), wallClock: 1) }
    }

    private mutating func send(_ typeCode: UInt8, _ payload: [UInt8]) {
        var header = FrameHeader(type: .hello, payloadLength: payload.count, sequence: agent.sequence)
        header.typeCode = typeCode
        agent.sequence &+= 1
        deliver(Wire.frame(header, payload), key: 0)
    }

    /// One binary message, as `ConnectionHandler` takes it.
    private mutating func deliver(_ plain: [UInt8], key: UInt32) {
        let assembler = FrameAssembler()
        let now = agent.now
        let bytes = key == 0 ? plain : Wire.masked(plain, key: key)
        bytes.withUnsafeBytes { bytes in
            var piece = MaskedBytes(base: bytes.baseAddress!, count: bytes.count, key: key)
            while !agent.session.isClosed {
                switch assembler.next(&piece, limits: agent.session.frameLimits) {
                case .needMore: return
                case .frame(let frame):
                    let action = apply { $0.received(frame, at: now, wallClock: TestAgent.wallClock) }
                    let checksums = frame.checksums
                    guard checksums.computed != checksums.received else { continue }
                    if case .message = action { apply { $0.checksumFailed(frame) } }
                    if !agent.session.isClosed { Issue.record("took \(frame.header) with a wrong checksum") }
                case .skipped(let header, let routing):
                    apply { $0.skippedMessage(header, routing: routing, at: now) }
                case .refused(let header): apply { $0.oversized(header) }
                case .invalid(let error): apply { $0.invalidHeader(error) }
                }
            }
        }
        if assembler.isMidFrame { apply { $0.ended(by: .protocolViolation(.protocolError)) } }
    }

    @discardableResult
    private mutating func apply(_ input: (inout SessionStateMachine) -> SessionAction) -> SessionAction {
        let before = agent.session
        let action = input(&agent.session)
        check(action, before: before, after: agent.session)
        return action
    }

    private mutating func check(_ action: SessionAction, before: SessionStateMachine, after: SessionStateMachine) {
        if before.isClosed { #expect(action == .none && after == before) }
        if after.isClosed != (before.isClosed || action.disconnect != nil) { Issue.record("ended without a word") }
        switch action {
        case .message, .acknowledged, .nack:
            if !before.isOpen || !after.isOpen { Issue.record("\(action) of a stranger") }
            if case .message = action { messagesTaken += 1 }
        case .authenticate:
            attempts += 1
            if after.isOpen { Issue.record("open with its AUTH") }
        case .disconnect(let disconnect, _):
            sessionsEnded += 1
            if disconnect.reason.utf8.count > 123 { Issue.record("a reason without room in its frame") }
        case .none, .send, .prove: break
        }
        if after.isOpen, !before.isOpen, case .authenticating = before.phase { return }
        if after.isOpen, !before.isOpen { Issue.record("open without a verdict") }
    }
}
