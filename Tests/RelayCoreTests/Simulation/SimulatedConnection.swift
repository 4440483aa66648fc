import Compression
import NIOCore
import RelayCore
import Testing
import WireProtocol

/// A connection of an agent: its socket as the relay sees it, its agent as the test does.
final class SimulatedConnection: ConnectionSocket {
    let agent: Int
    let loop: SimulatedLoop
    private(set) var connection: Connection?
    /// Flushes complete before `flush` returns, as they do on a socket that is not full; else when `completeFlush`
    /// says.
    var completesFlushes = true { didSet { isPrompt = isPrompt && completesFlushes } }
    /// No flush of it has ever waited.
    private(set) var isPrompt = true
    private(set) var flushing: ByteBuffer?
    private var reader: WireReader

    private(set) var messages: [ReceivedMessage] = []
    private(set) var acks: [(number: Int, kind: AckType)] = []
    private(set) var nacks: [(number: Int, code: NackCode?, retryAfter: UInt64?)] = []
    private(set) var controls: [FrameType] = []
    /// What the home of the agent said; nil until it did.
    private(set) var isAccepted: Bool?
    private(set) var isReading = true
    private(set) var rateRefusals = 0
    private(set) var unreadable: [(number: Int, flaw: CompressionFlaw)] = []
    private(set) var disconnects: [Disconnect] = []
    private(set) var isOpen = true
    /// Called with each message as it arrives.
    var onMessage: ((ReceivedMessage) -> Void)?

    init(agent: Int, loop: SimulatedLoop, isBatching: Bool, isTracing: Bool) {
        self.agent = agent
        self.loop = loop
        reader = WireReader(isBatching: isBatching)
        connection = loop.relay?.open(self, at: loop.now)
        connection?.outbox.isBatching = isBatching
        connection?.outbox.isTracing = isTracing
        connection?.takesBinaryAcknowledgements = isBatching
    }

    var numbers: [Int] { messages.map(\.number) }
    var framesPerMessage: [Int] { reader.framesPerMessage }

    func authenticate() {
        guard let connection else { return }
        loop.relay?.authenticated(connection, as: Names.agent(agent))
    }

    func flush(_ buffer: ByteBuffer) {
        #expect(flushing == nil, "a flush while one is under way")
        flushing = buffer
        if completesFlushes { completeFlush() }
    }

    func completeFlush() {
        guard let buffer = flushing, let connection else { return }
        flushing = nil
        let received = buffer.withUnsafeReadableBytes { reader.read($0) }
        for frame in received { take(frame) }
        loop.relay?.flushed(buffer, of: connection)
    }

    private func take(_ frame: WireReader.Received) {
        switch frame {
        case .message(let message):
            #expect(controls.contains(.authOK), "a message before AUTH_OK")
            messages.append(message)
            onMessage?(message)
        case .ack(let ack): acks += ack.messageIDs.map { (Names.number(of: $0), ack.type) }
        case .nack(let nack):
            nacks.append((Names.number(of: nack.messageID), nack.knownCode, nack.retryAfterMilliseconds))
        case .control(let type): controls.append(type)
        }
    }

    func setReading(_ isReading: Bool) { self.isReading = isReading }

    func messageRefusedByRate() { rateRefusals += 1 }
    func messageUnreadable(_ id: MessageID, _ flaw: CompressionFlaw) { unreadable.append((Names.number(of: id), flaw)) }

    func registered(isAccepted: Bool) {
        self.isAccepted = isAccepted
        guard isAccepted, let connection else { return }
        loop.relay?.send(OutgoingFrame(type: .authOK, payload: Array("{}".utf8)), to: connection)
    }

    func disconnect(_ disconnect: Disconnect) { disconnects.append(disconnect) }
    func drain(reconnectAfterMilliseconds: UInt64, alternateRelay: String?) {}
}

extension SimulatedConnection {
    /// - Parameters:
    ///   - bytes: of an envelope that does not matter.
    ///   - envelope: as in `SampleFrame`.
    /// - Returns: whether the relay took the frame.
    @discardableResult
    func send(
        _ number: Int,
        to recipient: Int,
        _ mode: DeliveryMode = .atLeastOnce,
        priority: UInt8 = 128,
        flags: FrameFlags = [],
        ttl: UInt16 = 0,
        bytes: Int = 64,
        trace: Bool = false,
        envelope: [UInt8]? = nil
    ) -> Bool {
        let routing = RoutingHeader(
            sender: Names.agent(agent),
            recipient: Names.agent(recipient),
            id: Names.id(number),
            timestamp: loop.wallClock,
            ttl: ttl,
            priority: priority,
            delivery: mode.rawValue
        )
        let context = trace ? TraceContext(traceID: (1, 2), parentID: 3, flags: 1) : nil
        let envelope = envelope ?? SampleFrame.envelope(bytes: bytes)
        return send(SampleFrame(routing, flags: flags, context: context, envelope: envelope))
    }

    func send(_ frame: SampleFrame) -> Bool {
        guard let relay = loop.relay, let connection else { return false }
        return frame.withInboundFrame { inbound in
            relay.accept(inbound, routing: frame.routing, mode: frame.mode, from: connection, at: loop.now)
        }
    }

    func acknowledge(_ numbers: Int..., kind: AckType = .received) { acknowledge(numbers, kind: kind) }

    func acknowledge(_ numbers: [Int], kind: AckType = .received) {
        guard let connection, isOpen else { return }
        loop.relay?.acknowledged(numbers.map(Names.id), kind, on: connection)
    }

    /// A control frame that the relay has for this connection.
    func receiveControl(bytes: Int) {
        guard let connection else { return }
        loop.relay?.send(OutgoingFrame(type: .pong, payload: [UInt8](repeating: 0, count: bytes)), to: connection)
    }

    func close(_ reason: CloseReason = .lost) {
        guard let connection, isOpen else { return }
        isOpen = false
        flushing = nil
        loop.relay?.close(connection, reason: reason)
    }

    /// The process at the other end is gone.
    func crash() {
        isOpen = false
        flushing = nil
        connection = nil
    }
}
