import Testing
import WireProtocol

@Suite struct HandshakeTests {
    @Test func helloAckCarriesWhatWasAgreed() throws {
        var agent = TestAgent()
        let frames = agent.hello(extensions: ["x", "trace-context", "batching"]).frames
        try #require(frames.map(\.type) == [.helloAck])
        let answer = try HelloAck(json: frames[0].payload)
        #expect(answer.extensions == ["trace-context", "batching"])
        #expect(answer.challenge == TestAgent.challenge)
        #expect(answer.serverTime == TestAgent.wallClock)
        #expect(answer.relayID == "relay-1")
        #expect(answer.proof == nil)
    }

    @Test func relayWithAKeyProvesItself() throws {
        let key = [UInt8](repeating: 3, count: 32)
        var agent = TestAgent(configuration: SessionConfiguration(relayID: "relay-1", relayPublicKey: key))
        let signed = SignedBytes.relayProof(
            nonce: TestAgent.nonce,
            challenge: TestAgent.challenge,
            relayID: "relay-1"
        )
        #expect(agent.hello() == .prove(signed))
        let signature = [UInt8](repeating: 4, count: 64)
        let action = agent.session.relayProved(signature: signature, wallClock: 1)
        let frame = try #require(action.frames.first)
        #expect(try HelloAck(json: frame.payload).proof == RelayProof(publicKey: key, signature: signature))
        #expect(agent.session.relayProved(signature: signature, wallClock: 1) == .none)
        guard case .authenticate = agent.send(Wire.auth()) else {
            Issue.record("AUTH after HELLO_ACK was not taken")
            return
        }
    }

    @Test func attemptHoldsAllThatAVerifierNeeds() {
        var agent = TestAgent()
        agent.hello(extensions: ["auth:bound"])
        let auth = Wire.auth(authority: "relay.example:443")
        guard case .authenticate(let attempt) = agent.send(auth) else {
            Issue.record("AUTH was not taken")
            return
        }
        #expect(attempt.auth == auth)
        #expect(attempt.hello.agentIDHash == TestAgent.hash)
        #expect(attempt.extensions == [.boundAuth])
        #expect(
            attempt.signedBytes
                == SignedBytes.authentication(
                    challenge: TestAgent.challenge,
                    nonce: TestAgent.nonce,
                    relayID: "relay-1",
                    agentID: "agent",
                    authority: "relay.example:443"
                )
        )
    }

    @Test func withoutBoundAuthTheChallengeIsSigned() {
        var agent = TestAgent()
        agent.hello()
        guard case .authenticate(let attempt) = agent.send(Wire.auth(authority: "not:1")) else {
            Issue.record("AUTH was not taken")
            return
        }
        #expect(attempt.signedBytes == TestAgent.challenge)
    }

    @Test func boundAuthNeedsAnAuthority() {
        var agent = TestAgent()
        agent.hello(extensions: ["auth:bound"])
        let action = agent.send(Wire.auth())
        #expect(action.disconnect == .protocolViolation(.protocolError))
        #expect(action.error?.message == "AUTH: member authority is missing, which auth:bound needs")
    }

    @Test func authOKTellsLimitsAndQueue() throws {
        var agent = TestAgent()
        agent.hello()
        agent.send(Wire.auth())
        #expect(agent.session.agent == nil)
        let frame = try #require(agent.session.authenticated(Wire.grant, at: 0).frames.first)
        let document = try AuthOK(json: frame.payload)
        #expect(document.sessionID == "session")
        #expect(document.config.maxFrameSize == 1_048_576 + 96 + 26 + 5)
        #expect(document.config.keepaliveIntervalMilliseconds == 30_000)
        #expect(document.config.queueStatus == Wire.grant.queueStatus)
        #expect(agent.session.agent == TestAgent.hash)
        #expect(agent.session.authenticated(Wire.grant, at: 0) == .none)
    }

    @Test(arguments: AuthFailCode.allCases)
    func failureIsToldAndCloses(code: AuthFailCode) throws {
        var agent = TestAgent()
        agent.hello()
        agent.send(Wire.auth())
        let action = agent.session.authenticationFailed(
            code: code,
            message: "why",
            retryAllowed: true,
            retryAfterMilliseconds: 70
        )
        #expect(action.disconnect == .authentication(code, reconnectAfterMilliseconds: 70))
        #expect(action.disconnect?.closeCode == 4001)
        let frame = try #require(action.frames.first)
        #expect(
            try AuthFail(json: frame.payload)
                == AuthFail(code: code, message: "why", retryAllowed: true, retryAfterMilliseconds: 70)
        )
        #expect(agent.session.isClosed)
    }

    /// The verdict may come after the session has ended for another reason.
    @Test func lateVerdictsDoNothing() {
        var agent = TestAgent()
        agent.hello()
        agent.send(Wire.auth())
        #expect(agent.session.timePassed(at: 5_000_000_000, wallClock: 0).disconnect == .handshakeTimeout)
        #expect(agent.session.authenticated(Wire.grant, at: 0) == .none)
        let failure = agent.session.authenticationFailed(code: .keyPinned, message: "", retryAllowed: false)
        #expect(failure == .none)
        #expect(!agent.session.isOpen)
    }

    /// Whoever believes an AUTH looks at the clock; a session that believes anybody must not.
    @Test(arguments: [0, UInt64.max]) func clocksAreTheVerifiersBusiness(time: UInt64) {
        var agent = TestAgent()
        #expect(agent.hello(clientTime: time).frames.map(\.type) == [.helloAck])
        guard case .authenticate(let attempt) = agent.send(Wire.auth()) else {
            Issue.record("AUTH was not taken")
            return
        }
        #expect(attempt.hello.clientTime == time)
    }

    @Test func aHandshakeWithoutATimeoutMayTakeForever() {
        var agent = TestAgent(configuration: SessionConfiguration(relayID: "relay-1", handshakeTimeout: 0))
        #expect(agent.session.nextDeadline == .max)
        #expect(agent.session.timePassed(at: .max - 1, wallClock: 0) == .none)
        agent.enter()
    }

    @Test func otherVersionsAreRefused() {
        var agent = TestAgent()
        var hello = Wire.hello()
        hello.protocolVersion = "0.2"
        let action = agent.send(hello)
        #expect(action.disconnect?.closeCode == 1002)
        #expect(action.error?.message == "HELLO: member protocol_version is not \"0.1\"")
    }

    @Test func malformedDocumentsAreProtocolErrors() {
        var agent = TestAgent()
        #expect(agent.send(0x01).error?.message == "HELLO: member protocol_version is missing")
        agent = TestAgent()
        agent.hello()
        let action = agent.send(0x03, payload: Array("{".utf8))
        #expect(action.disconnect == .protocolViolation(.protocolError))
        #expect(action.error?.message == "AUTH: is not JSON in UTF-8")
    }

    @Test func handshakeIsOnStreamZero() {
        var agent = TestAgent()
        let action = agent.send(Wire.hello(), stream: 9)
        #expect(action.error?.message == "HELLO: expected on stream 0, received on 9")
        #expect(action.disconnect == .protocolViolation(.protocolError))
    }
}
