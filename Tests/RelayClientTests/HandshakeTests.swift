import Identity
import Testing
import WireProtocol

@testable import RelayClient

@Suite struct HandshakeTests {
    @Test func helloOffersWhatThisClientSpeaks() throws {
        var configuration = try Sample.configuration()
        let hello = try Hello(json: TestRelay(configuration).session.hello(wallClock: Sample.wallClock).payload)
        #expect(hello.extensions.prefix(3) == ["batching", "ack:binary", "auth:bound"])
        #expect(hello.extensions.dropFirst(3) == ["compression:zstd", "compression:lz4", "compression:brotli"])
        #expect(hello.agentIDHash == AgentHash(agentID: "alice"))
        #expect(hello.nonce == Sample.nonce)
        #expect(hello.clientTime == Sample.wallClock)
        configuration.tracesMessages = true
        let tracing = try Hello(json: TestRelay(configuration).session.hello(wallClock: 0).payload)
        #expect(tracing.extensions.contains("trace-context"))
    }

    @Test func authSignsTheBoundBytes() throws {
        let configuration = try Sample.configuration()
        var relay = TestRelay(configuration)
        let auth = try relay.send(try relay.helloAck()).document(Auth.self)
        let signed = SignedBytes.authentication(
            challenge: Sample.challenge,
            nonce: Sample.nonce,
            relayID: "relay-1",
            agentID: "alice",
            authority: "relay.example:8443"
        )
        #expect(auth.authority == "relay.example:8443")
        #expect(auth.agentID == "alice")
        #expect(configuration.key.publicKey.verifies(auth.signature, of: signed))
        #expect(auth.publicKey == configuration.key.publicKey.bytes)
    }

    @Test func authOKOpens() throws {
        var relay = TestRelay(try Sample.configuration())
        relay.send(try relay.helloAck())
        #expect(!relay.session.isOpen)
        let action = relay.send(relay.authOK())
        var terms = Sample.terms(maxPayloadBytes: 1_000, [.batching, .binaryAck, .boundAuth])
        terms.queue = QueueSummary(pendingMessages: 3, oldestMessageAgeMilliseconds: 9)
        #expect(action == .opened(terms))
        #expect(relay.session.isOpen && relay.session.takesMessages)
    }

    @Test func withoutBoundAuthenticationItGoesNoFurther() throws {
        var relay = TestRelay(try Sample.configuration())
        #expect(relay.send(try relay.helloAck(["batching"])).failure == .boundAuthenticationUnavailable)
    }

    @Test func unboundAuthenticationMayBeAllowed() throws {
        var configuration = try Sample.configuration()
        configuration.allowsUnboundAuthentication = true
        var relay = TestRelay(configuration)
        let auth = try relay.send(try relay.helloAck([])).document(Auth.self)
        #expect(auth.authority == nil)
        #expect(configuration.key.publicKey.verifies(auth.signature, of: Sample.challenge))
    }

    @Test func extensionsThatWereNotOfferedAreNotNegotiated() throws {
        var relay = TestRelay(try Sample.configuration())
        relay.send(try relay.helloAck(["auth:bound", "trace-context"]))
        #expect(relay.session.extensions == [.boundAuth])
    }

    @Test func aFailedAuthenticationEnds() throws {
        var relay = TestRelay(try Sample.configuration())
        relay.send(try relay.helloAck())
        let refusal = AuthFail(code: .keyPinned, message: "no", retryAllowed: false)
        #expect(relay.send(refusal).failure == .authenticationRefused(refusal))
        #expect(relay.send(relay.authOK()) == .none)
    }

    @Test func anotherProtocolVersionEnds() throws {
        var relay = TestRelay(try Sample.configuration())
        var ack = try relay.helloAck()
        ack.protocolVersion = "0.2"
        #expect(relay.send(ack).failure == .protocolVersion("0.2"))
    }

    @Test func aHandshakeThatTakesTooLongEnds() throws {
        var relay = TestRelay(try Sample.configuration())
        let deadline = try #require(relay.session.nextDeadline)
        #expect(deadline == 10 * Sample.seconds)
        #expect(relay.session.timePassed(at: deadline - 1, wallClock: 0) == .none)
        #expect(relay.session.timePassed(at: deadline, wallClock: 0).failure == .handshakeTimeout)
        #expect(relay.session.nextDeadline == nil)
    }

    @Test(arguments: [FrameType.message, .ack, .nack, .ping, .pong, .hello, .auth, .authOK, .authFail, .streamOpen])
    func otherFramesBeforeHelloAckAreViolations(type: FrameType) throws {
        var relay = TestRelay(try Sample.configuration())
        #expect(relay.send(type, payload: Array("{}".utf8)).isViolation)
    }

    @Test func aRelayThatDrainsDuringTheHandshakeHasGone() throws {
        var relay = TestRelay(try Sample.configuration())
        let goAway = GoAway(message: "drain", reconnectAfterMilliseconds: 5)
        #expect(relay.send(goAway).failure == .goneAway(goAway))
    }
}

@Suite struct RelayProofTests {
    private let key = Result { try Ed25519.PrivateKey(seed: [UInt8](repeating: 9, count: 32)) }
    private let other = Result { try Ed25519.PrivateKey(seed: [UInt8](repeating: 8, count: 32)) }

    private func relay(pinned: Ed25519.PublicKey?) throws -> TestRelay {
        var configuration = try Sample.configuration()
        configuration.relayKey = pinned
        return TestRelay(configuration)
    }

    @Test func theRightKeyPasses() throws {
        var relay = try relay(pinned: key.get().publicKey)
        relay.relayKey = try key.get()
        _ = try relay.send(relay.helloAck()).document(Auth.self)
        guard case .opened(let terms) = relay.send(relay.authOK()) else { throw TestRelay.NotOpen() }
        #expect(try terms.relayKey == key.get().publicKey.bytes)
    }

    @Test func anotherKeyDoesNot() throws {
        var relay = try relay(pinned: other.get().publicKey)
        relay.relayKey = try key.get()
        #expect(relay.send(try relay.helloAck()).failure == .relayKeyDiffers)
    }

    @Test func noProofDoesNot() throws {
        var relay = try relay(pinned: key.get().publicKey)
        #expect(relay.send(try relay.helloAck()).failure == .relayUnproved)
    }

    @Test(arguments: [true, false])
    func aSignatureOverSomethingElseDoesNotPinnedOrNot(isPinned: Bool) throws {
        var relay = try relay(pinned: isPinned ? key.get().publicKey : nil)
        relay.relayKey = try key.get()
        var ack = try relay.helloAck()
        ack.relayID = "relay-2"
        #expect(relay.send(ack).failure == .relayProofInvalid)
    }
}
