import Testing
import WireProtocol

/// Reads what a connection's peer would: WebSocket messages, the frames in them, their numbers and checksums.
struct WireReader {
    enum Received {
        case message(ReceivedMessage)
        case ack(Ack)
        case nack(Nack)
        case control(FrameType)
    }

    let isBatching: Bool
    private var decoder = WebSocketDecoder(role: .client)
    private var message: [UInt8] = []
    private var sequence: UInt32 = 0
    /// Protocol frames in each WebSocket message.
    private(set) var framesPerMessage: [Int] = []

    init(isBatching: Bool) { self.isBatching = isBatching }

    mutating func read(_ bytes: UnsafeRawBufferPointer) -> [Received] {
        var input = bytes
        var received: [Received] = []
        while !input.isEmpty {
            guard case .data(let piece, let endsMessage) = decoder.next(&input) else {
                Issue.record("a flush holds something else than whole binary messages")
                break
            }
            message += piece.plain
            if endsMessage { received += endMessage() }
        }
        return received
    }

    private mutating func endMessage() -> [Received] {
        var rest = message[...]
        var received: [Received] = []
        while !rest.isEmpty {
            guard let frame = takeFrame(&rest) else { break }
            received.append(frame)
        }
        #expect(isBatching || received.count == 1, "several frames in one message to a peer without batching")
        framesPerMessage.append(received.count)
        message = []
        return received
    }

    private mutating func takeFrame(_ rest: inout ArraySlice<UInt8>) -> Received? {
        let frame = rest.withUnsafeBytes { bytes -> (FrameHeader, [UInt8])? in
            guard let header = try? FrameHeader(decoding: bytes.baseAddress!) else { return nil }
            let plain = MaskedBytes(plain: UnsafeRawBufferPointer(rebasing: bytes[0..<header.frameLength]))
            return InboundFrame(header: header, bytes: plain).verifiedPayload().map { (header, $0) }
        }
        guard let (header, payload) = frame else {
            Issue.record("a frame that does not decode or whose checksum is wrong")
            return nil
        }
        sequence &+= 1
        #expect(header.sequence == sequence, "sequence numbers have a gap")
        rest = rest.dropFirst(header.frameLength)
        return decode(header, payload)
    }

    private func decode(_ header: FrameHeader, _ payload: [UInt8]) -> Received? {
        switch header.type {
        case .message: .message(ReceivedMessage(flags: header.flags, payload: payload))
        case .ack: (try? Ack(payload: payload, binaryNegotiated: true)).map(Received.ack)
        case .nack: (try? Nack(json: payload)).map(Received.nack)
        case let type: type.map(Received.control)
        }
    }
}

struct ReceivedMessage {
    let routing: RoutingHeader
    let flags: FrameFlags
    /// What follows the routing header: trace context where TRACED, envelope.
    let rest: [UInt8]

    init(flags: FrameFlags, payload: [UInt8]) {
        self.flags = flags
        routing = payload.withUnsafeBytes { RoutingHeader(decoding: $0.baseAddress!) }
        rest = Array(payload.dropFirst(RoutingHeader.byteCount))
    }

    /// As `Names.id` made it.
    var number: Int { Names.number(of: routing.id) }
    var sender: Int { Names.number(of: routing.sender) }
}
