import Compression
import NIOCore
import RelayCore
import WireProtocol

/// An event loop without a thread: its tick and what other loops have for it run when they are asked for.
// Sendable: everything here runs on the main thread.
final class CountingLoop: LoopPort, @unchecked Sendable {
    static let start: MonotonicNanoseconds = .seconds(1_000)

    private(set) var now = start
    let wallClock: UnixMilliseconds = 1_800_000_000_000
    var relay: Relay?
    var others: [CountingLoop] = []
    private var batches: [HandOver] = []

    init() { batches.reserveCapacity(16) }

    func handOver(_ batch: HandOver, to loop: Int) { others[loop].batches.append(batch) }
    func perform(_ work: @escaping @Sendable (Relay) -> Void) { if let relay { work(relay) } }
    func offload(_ work: @escaping @Sendable () -> Void) { work() }
    func requestTick() {}
    func wake(at deadline: MonotonicNanoseconds?) {}

    func takeBatches() {
        for batch in batches { relay?.received(batch) }
        batches.removeAll(keepingCapacity: true)
    }

    func endTick() {
        now += 100_000
        relay?.endOfTick()
    }
}

/// An agent's connection to a relay, from its read buffer to its socket, which takes everything at once.
final class CountingAgent: ConnectionSocket {
    let hash: AgentHash
    private let relay: Relay
    private(set) var connection: Connection?
    private var session: SessionStateMachine
    private var decoder = WebSocketDecoder(role: .server)
    private let assembler = FrameAssembler()
    private var sequence: UInt32 = 1
    private(set) var bytesTaken = 0

    init(number: UInt8, relay: Relay) {
        hash = AgentHash(bytes: (0..<32).map { number &* 7 &+ $0 })!
        self.relay = relay
        session = SessionStateMachine(
            configuration: SessionConfiguration(relayID: "counted"),
            challenge: [UInt8](repeating: 7, count: HelloAck.challengeByteCount),
            openedAt: CountingLoop.start
        )
        connection = relay.open(self, at: CountingLoop.start)
    }

    func flush(_ buffer: ByteBuffer) {
        bytesTaken += buffer.readableBytes
        if let connection { relay.flushed(buffer, of: connection) }
    }

    func setReading(_ isReading: Bool) {}
    func messageUnreadable(_ id: MessageID, _ flaw: CompressionFlaw) { preconditionFailure("\(flaw)") }
    func messageRefusedByRate() { preconditionFailure("no rate is set") }
    func registered(isAccepted: Bool) { precondition(isAccepted) }
    func disconnect(_ disconnect: Disconnect) { preconditionFailure("\(disconnect)") }
    func drain(reconnectAfterMilliseconds: UInt64, alternateRelay: String?) {}
}

extension CountingAgent {
    func authenticate() {
        receive(
            masked(Hello(extensions: [], agentIDHash: hash, clientTime: 0, nonce: [UInt8](repeating: 9, count: 32)))
        )
        receive(
            masked(
                Auth(
                    agentID: "counted",
                    publicKey: [UInt8](repeating: 1, count: 32),
                    signature: [UInt8](repeating: 2, count: 64)
                )
            )
        )
        let queue = QueueSummary(pendingMessages: 0, oldestMessageAgeMilliseconds: 0)
        _ = session.authenticated(
            SessionGrant(sessionID: "", sessionToken: "", expires: 0, queueStatus: queue),
            at: CountingLoop.start
        )
        precondition(session.isOpen)
        if let connection { relay.authenticated(connection, as: hash) }
    }

    /// As `ConnectionHandler` does with what it read.
    func receive(_ bytes: [UInt8]) {
        let now = relay.readBegan()
        bytes.withUnsafeBytes { bytes in
            var input = bytes
            while case .data(let piece, _) = decoder.next(&input) { take(piece, at: now) }
        }
    }

    private func take(_ piece: MaskedBytes, at now: MonotonicNanoseconds) {
        var piece = piece
        let limits = session.frameLimits
        while case .frame(let frame) = assembler.next(&piece, limits: limits) {
            relay.received(frameOf: frame.header.typeCode)
            guard let connection, let (routing, mode) = session.receivedMessage(frame, at: now) else {
                _ = session.received(frame, at: now, wallClock: 0)
                continue
            }
            precondition(relay.accept(frame, routing: routing, mode: mode, from: connection, at: now))
        }
    }

    /// WebSocket messages of one best-effort MESSAGE each, as one read brings them.
    func messages(_ count: Int, to recipient: AgentHash, envelopeBytes: Int) -> [UInt8] {
        (0..<count).flatMap { _ in
            let id = MessageID.random()
            let routing = RoutingHeader(sender: hash, recipient: recipient, id: id, timestamp: 1, delivery: 1)
            var payload = [UInt8](repeating: 0x5A, count: RoutingHeader.byteCount + envelopeBytes)
            payload.withUnsafeMutableBytes { routing.write(to: $0.baseAddress!) }
            return masked(.message, payload)
        }
    }

    private func masked<D: Document>(_ document: D) -> [UInt8] { masked(D.frameType, document.json) }

    private func masked(_ type: FrameType, _ payload: [UInt8]) -> [UInt8] {
        let header = FrameHeader(type: type, payloadLength: payload.count, sequence: sequence)
        sequence &+= 1
        var frame = [UInt8](repeating: 0, count: header.frameLength)
        frame.replaceSubrange(FrameHeader.byteCount..<FrameHeader.byteCount + payload.count, with: payload)
        frame.withUnsafeMutableBytes { bytes in
            header.write(to: bytes.baseAddress!)
            let covered = bytes.count - FrameHeader.checksumByteCount
            let checksum = Checksum.crc32(UnsafeRawPointer(bytes.baseAddress!), count: covered)
            bytes.storeBytes(of: checksum.bigEndian, toByteOffset: covered, as: UInt32.self)
        }
        return WebSocketEncoder.masked(.binary, payload: frame, key: 0x1234_5678)
    }
}
