import Testing

@testable import WireProtocol

/// Each cell of the table "Every frame in every state" of the protocol page.
@Suite struct StateTableTests {
    @Test func everyFrameInEveryState() throws {
        let rows = try ProtocolPage.table(under: "### Every frame in every state")
        let states = rows[0].dropFirst()
        #expect(Array(states) == State.allCases.map(\.rawValue))
        #expect(rows.dropFirst(2).map { $0[0] } == Self.frames.map(\.name))
        for (row, frame) in zip(rows.dropFirst(2), Self.frames) {
            for (cell, state) in zip(row.dropFirst(), State.allCases) {
                var agent = state.agent()
                let before = agent.session
                let action = agent.send(frame.code, payload: frame.payload)
                let comment: Comment = "\(frame.name) while \(state.rawValue)"
                #expect(Outcome(action, phase: agent.session.phase)?.rawValue == cell, comment)
                if state == .closed { #expect(agent.session == before, comment) }
            }
        }
    }

    enum State: String, CaseIterable {
        case awaitingHello = "awaiting HELLO"
        case proving
        case awaitingAuth = "awaiting AUTH"
        case authenticating, open, draining, closed

        func agent() -> TestAgent {
            var configuration = SessionConfiguration(relayID: "relay-1")
            if self == .proving { configuration.relayPublicKey = [UInt8](repeating: 3, count: 32) }
            var agent = TestAgent(configuration: configuration)
            switch self {
            case .awaitingHello: break
            case .proving, .awaitingAuth: agent.hello()
            case .authenticating:
                agent.hello()
                agent.send(Wire.auth())
            case .open: agent.enter()
            case .draining:
                agent.enter()
                _ = agent.session.drainStarted(reconnectAfterMilliseconds: 5)
            case .closed: _ = agent.session.ended(by: .slowConsumer)
            }
            return agent
        }
    }

    /// What a cell may say.
    enum Outcome: String {
        case helloAck = "HELLO_ACK"
        case protocolError = "PROTOCOL_ERROR"
        case authRequired = "AUTH_REQUIRED"
        case refused = "REFUSED"
        case nackDraining = "NACK DRAINING"
        case pong = "PONG"
        case closed = "close 1000"
        case verified, accepted, settled, nothing, ignored

        init?(_ action: SessionAction, phase: SessionStateMachine.Phase) {
            switch action {
            case .none: self = phase == .closed ? .ignored : .nothing
            case .authenticate: self = .verified
            case .message: self = .accepted
            case .acknowledged: self = .settled
            case .nack(let nack) where nack.knownCode == .draining: self = .nackDraining
            case .disconnect(.agentFailed, sending: []): self = .closed
            case .disconnect(.protocolViolation(.protocolError), _) where action.error?.knownCode == .protocolError:
                self = .protocolError
            case .disconnect(.protocolViolation(.authRequired), _) where action.error?.knownCode == .authRequired:
                self = .authRequired
            case .send(let frames) where frames.map(\.type) == [.helloAck]: self = .helloAck
            case .send(let frames) where frames.map(\.type) == [.pong]: self = .pong
            case .send where action.error?.knownCode == .refused && action.error?.fatal == false: self = .refused
            default: return nil
            }
        }
    }

    private static let frames: [(name: String, code: UInt8, payload: [UInt8])] = [
        ("HELLO", 0x01, Wire.hello().json),
        ("HELLO_ACK", 0x02, []),
        ("AUTH", 0x03, Wire.auth().json),
        ("AUTH_OK", 0x04, []),
        ("AUTH_FAIL", 0x05, []),
        ("MESSAGE", 0x10, Wire.message()),
        ("ACK", 0x11, Ack(messageIDs: [Wire.id], type: .received, timestamp: 1).json),
        ("NACK", 0x12, Nack(messageID: Wire.id, code: .expired, message: "").json),
        ("PING", 0x20, Ping(timestamp: 1, sequence: 1).json),
        ("PONG", 0x21, Pong(answering: Ping(timestamp: 1, sequence: 1)).json),
        ("STREAM_OPEN", 0x30, []),
        ("STREAM_DATA", 0x31, []),
        ("STREAM_CLOSE", 0x32, []),
        ("WINDOW_UPDATE", 0x33, []),
        ("GOAWAY", 0x40, GoAway(message: "").json),
        ("ERROR, fatal", 0xFF, ProtocolError(code: .protocolError, message: "").json),
        ("ERROR, not fatal", 0xFF, ProtocolError(code: .refused, message: "").json),
        ("type 0x7E", 0x7E, []),
    ]

    @Test func everyCloseCode() throws {
        let rows = try ProtocolPage.table(under: "### Every close code").dropFirst(2)
        let all: [Disconnect] = [
            .agentClosed, .agentFailed, .drain(reconnectAfterMilliseconds: 1), .protocolViolation(.protocolError),
            .protocolViolation(.authRequired), .textMessage, .tooLarge, .internalError,
            .overloaded(reconnectAfterMilliseconds: nil),
            .authentication(.keyPinned, reconnectAfterMilliseconds: nil), .handshakeTimeout, .keepaliveMissed, .idle,
            .slowConsumer, .operatorClosed(reconnectAfterMilliseconds: 1),
        ]
        #expect(rows.map { $0[0] } == all.map { String($0.closeCode) })
        #expect(rows.map { $0[1] } == all.map(\.reason))
        #expect(all.allSatisfy { $0.reason.utf8.count <= 123 })
        for (row, disconnect) in zip(rows, all) where !disconnect.reason.hasPrefix("authentication failed") {
            #expect(row[3].hasPrefix("no") == (disconnect.reconnectAfterMilliseconds == nil), "\(row)")
        }
    }

    @Test func everyErrorCode() throws {
        let rows = try ProtocolPage.table(under: "## 8. Keepalive, going away, errors").dropFirst(2)
        #expect(rows.map { Int($0[1].dropFirst(2), radix: 16) } == ErrorCode.allCases.map(\.rawValue))
        #expect(rows.map { $0[2] } == ErrorCode.allCases.map { $0.isFatal.map { $0 ? "yes" : "no" } ?? "as it says" })
    }
}
