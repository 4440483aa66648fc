import Identity
import Testing
import WireProtocol

@testable import RelayClient

enum Sample {
    static let wallClock: UInt64 = 1_700_000_000_000
    static let nonce = [UInt8](repeating: 0x0E, count: 32)
    static let challenge = [UInt8](repeating: 0xC1, count: 32)
    static let bob = AgentHash(agentID: "bob")

    static func configuration() throws -> RelayClient.Configuration {
        RelayClient.Configuration(
            relay: try RelayAddress("ws://relay.example:8443"),
            agentID: "alice",
            key: try Ed25519.PrivateKey(seed: [UInt8](repeating: 7, count: 32))
        )
    }

    static func id(_ number: UInt8) throws -> MessageID {
        try #require(MessageID(bytes: [UInt8](repeating: 0, count: 15) + [number]))
    }

    static func message(
        _ number: UInt8,
        bytes: Int = 5,
        mode: DeliveryMode = .atLeastOnce,
        trace: TraceContext? = nil
    ) throws -> OutgoingMessage {
        OutgoingMessage(
            [UInt8](repeating: number, count: bytes),
            from: AgentHash(agentID: "alice"),
            to: bob,
            SendOptions(mode: mode, id: try id(number), trace: trace),
            wallClock: wallClock
        )
    }

    static func terms(maxPayloadBytes: Int = 1_000_000, _ extensions: [Extension] = []) -> SessionTerms {
        SessionTerms(
            relayID: "relay-1",
            relayKey: nil,
            extensions: extensions,
            sessionID: "s",
            maxPayloadBytes: maxPayloadBytes,
            queue: QueueSummary(pendingMessages: 0, oldestMessageAgeMilliseconds: 0)
        )
    }

    static let seconds: UInt64 = 1_000_000_000
}

/// The relay's side of a session under test: numbers its frames.
struct TestRelay {
    var session: ClientSession
    var now: UInt64 = 0
    var relayKey: Ed25519.PrivateKey?
    private var sequence: UInt32 = 1

    init(_ configuration: RelayClient.Configuration) {
        session = ClientSession(
            configuration: configuration,
            authority: configuration.relay.authority,
            nonce: Sample.nonce,
            openedAt: 0
        )
    }

    @discardableResult
    mutating func send(
        _ type: FrameType,
        flags: FrameFlags = [],
        stream: UInt32 = 0,
        skipping: UInt32 = 0,
        payload: [UInt8]
    ) -> ClientSessionAction {
        let header = FrameHeader(
            type: type,
            flags: flags,
            payloadLength: payload.count,
            streamID: stream,
            sequence: sequence + skipping
        )
        sequence += 1 + skipping
        return session.received(header, payload: payload, at: now)
    }

    @discardableResult
    mutating func send(_ document: some Document, stream: UInt32 = 0) -> ClientSessionAction {
        send(type(of: document).frameType, stream: stream, payload: document.json)
    }

    func helloAck(_ extensions: [String] = ["batching", "ack:binary", "auth:bound"]) throws -> HelloAck {
        let signed = SignedBytes.relayProof(nonce: Sample.nonce, challenge: Sample.challenge, relayID: "relay-1")
        return HelloAck(
            extensions: extensions,
            challenge: Sample.challenge,
            serverTime: Sample.wallClock,
            relayID: "relay-1",
            cluster: "",
            proof: try relayKey.map { RelayProof(publicKey: $0.publicKey.bytes, signature: try $0.sign(signed)) }
        )
    }

    func authOK(keepaliveMilliseconds: UInt64 = 30_000) -> AuthOK {
        AuthOK(
            sessionID: "s",
            sessionToken: "t",
            expires: 0,
            config: AuthOK.Config(
                maxFrameSize: 1_000,
                maxStreams: 0,
                keepaliveIntervalMilliseconds: keepaliveMilliseconds,
                queueStatus: QueueSummary(pendingMessages: 3, oldestMessageAgeMilliseconds: 9)
            )
        )
    }

    /// Through the whole handshake.
    mutating func open(_ extensions: [String] = ["batching", "ack:binary", "auth:bound"]) throws {
        send(try helloAck(extensions))
        guard case .opened = send(authOK()) else { throw NotOpen() }
    }

    struct NotOpen: Error {}

    /// A payload of MESSAGE for the agent under test.
    func message(
        _ id: MessageID,
        to recipient: AgentHash = AgentHash(agentID: "alice"),
        delivery: UInt8 = 2,
        body: [UInt8] = [1, 2, 3]
    ) -> [UInt8] {
        let routing = RoutingHeader(
            sender: Sample.bob,
            recipient: recipient,
            id: id,
            timestamp: 5,
            ttl: 6,
            priority: 64,
            delivery: delivery
        )
        var bytes = [UInt8](repeating: 0, count: RoutingHeader.byteCount)
        bytes.withUnsafeMutableBytes { routing.write(to: $0.baseAddress!) }
        return bytes + body
    }
}

extension ClientSessionAction {
    var failure: ConnectionFailure? {
        guard case .end(let failure, _) = self else { return nil }
        return failure
    }

    var isViolation: Bool {
        guard case .end(.violation, let frames) = self else { return false }
        return frames.map(\.type) == [.error]
    }

    func document<D: Document>(_ type: D.Type) throws -> D {
        guard case .send(let frames) = self, frames.count == 1, frames[0].type == D.frameType else {
            throw UnexpectedAction(action: self)
        }
        return try D(json: frames[0].payload)
    }

    struct UnexpectedAction: Error { let action: ClientSessionAction }
}
