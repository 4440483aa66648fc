import Glibc
import Identity
import RelayCore
import Testing
import WireProtocol

/// An agent on a socket: speaks WebSocket and frames, and lets a test break either.
final class TestAgent {
    enum Incoming: Equatable {
        /// The frames of one WebSocket message.
        case frames([Frame])
        case pong
        case close(UInt16?)
        /// The socket ended.
        case end
    }

    struct Frame: Equatable {
        var header: FrameHeader
        var payload: [UInt8]

        var error: ProtocolError? { try? ProtocolError(json: payload) }
        var nack: Nack? { try? Nack(json: payload) }
        var envelope: ArraySlice<UInt8> { payload.dropFirst(RoutingHeader.byteCount) }
    }

    struct Unexpected: Error, CustomStringConvertible {
        let description: String
    }

    static let request = """
        GET /v1/connect HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n
        """

    let socket: TestSocket
    let name: String
    let key: Ed25519.PrivateKey
    private(set) var sequence: UInt32 = 1
    private var decoder = WebSocketDecoder(role: .client)
    private var unread: [UInt8] = []
    private var partial: [UInt8] = []

    var hash: AgentHash { AgentHash(agentID: name) }

    /// Upgraded, nothing said yet.
    init(_ relay: RelayUnderTest, name: String = "agent", key: Ed25519.PrivateKey? = nil, receiveBuffer: Int32? = nil)
        throws
    {
        self.name = name
        self.key =
            try key ?? Ed25519.PrivateKey(seed: Array((name + String(repeating: "-", count: 32)).utf8.prefix(32)))
        socket = try TestSocket(port: relay.port, receiveBuffer: receiveBuffer)
        try socket.write(Self.request.utf8)
        try skipResponse()
    }

    /// As far as AUTH_OK, and known on every loop.
    static func admitted(
        _ relay: RelayUnderTest,
        name: String = "agent",
        extensions: [String] = [],
        receiveBuffer: Int32? = nil
    ) throws -> TestAgent {
        let agent = try TestAgent(relay, name: name, receiveBuffer: receiveBuffer)
        let answer = try agent.authenticate(extensions: extensions)
        guard answer.header.type == .authOK else { throw Unexpected(description: "\(answer)") }
        try relay.settle()
        return agent
    }

    private func skipResponse() throws {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let index = unread.indices.first(where: { unread[$0...].starts(with: end) }) {
                guard unread.starts(with: "HTTP/1.1 101 ".utf8) else { break }
                return unread.removeFirst(index + end.count)
            }
            let piece = try socket.read()
            guard !piece.isEmpty else { break }
            unread += piece
        }
        throw Unexpected(description: String(decoding: unread, as: UTF8.self))
    }

    /// - Returns: AUTH_OK or AUTH_FAIL.
    func authenticate(extensions: [String] = []) throws -> Frame {
        let nonce = [UInt8](repeating: 9, count: 32)
        try send(Hello(extensions: extensions, agentIDHash: hash, clientTime: Self.wallClock, nonce: nonce))
        let challenge = try HelloAck(json: next(.helloAck).payload).challenge
        try send(Auth(agentID: name, publicKey: key.publicKey.bytes, signature: key.sign(challenge)))
        return try nextFrame()
    }
}

extension TestAgent {
    func frame(_ type: FrameType, flags: FrameFlags = [], _ payload: [UInt8]) -> [UInt8] {
        let header = FrameHeader(type: type, flags: flags, payloadLength: payload.count, sequence: sequence)
        sequence &+= 1
        var bytes = [UInt8](repeating: 0, count: header.frameLength)
        bytes.replaceSubrange(17..<17 + payload.count, with: payload)
        bytes.withUnsafeMutableBytes { bytes in
            header.write(to: bytes.baseAddress!)
            let checksum = Checksum.crc32(UnsafeRawPointer(bytes.baseAddress!), count: bytes.count - 4)
            bytes.storeBytes(of: checksum.bigEndian, toByteOffset: bytes.count - 4, as: UInt32.self)
        }
        return bytes
    }

    func message(
        to recipient: AgentHash,
        _ envelope: [UInt8],
        id: MessageID = .random(),
        acknowledged: Bool = false
    ) -> [UInt8] {
        var payload = [UInt8](repeating: 0, count: RoutingHeader.byteCount) + envelope
        payload.withUnsafeMutableBytes {
            RoutingHeader(sender: hash, recipient: recipient, id: id, timestamp: 1, ttl: 0).write(to: $0.baseAddress!)
        }
        return frame(.message, flags: acknowledged ? .ackRequested : [], payload)
    }

    func send(_ document: some Document) throws {
        try sendBinary(frame(type(of: document).frameType, document.json))
    }

    func sendBinary(_ bytes: [UInt8]) throws {
        try socket.write(WebSocketEncoder.masked(.binary, payload: bytes, key: 0x1234_5678))
    }

    func sendClose(_ code: UInt16) throws {
        try socket.write(
            WebSocketEncoder.masked(.close, payload: [UInt8(code >> 8), UInt8(code & 0xFF)], key: 0x1234_5678)
        )
    }

    func next() throws -> Incoming {
        while true {
            if let incoming = try decoded() { return incoming }
            let piece = try socket.read()
            guard !piece.isEmpty else { return .end }
            unread += piece
        }
    }

    private func decoded() throws -> Incoming? {
        let (incoming, used) = try unread.withUnsafeBytes { bytes in
            var input = bytes
            var incoming: Incoming?
            var needsMore = false
            while incoming == nil, !needsMore {
                switch decoder.next(&input) {
                case .needMore: needsMore = true
                case .data(let piece, let endsMessage):
                    partial += piece.plain
                    if endsMessage { incoming = .frames(try takeFrames()) }
                case .pong: incoming = .pong
                case .close(let code): incoming = .close(code)
                case .ping, .text, .violation: throw Unexpected(description: "the relay's WebSocket")
                }
            }
            return (incoming, bytes.count - input.count)
        }
        unread.removeFirst(used)
        return incoming
    }

    private func takeFrames() throws -> [Frame] {
        var frames: [Frame] = []
        while !partial.isEmpty {
            let header = try partial.withUnsafeBytes { try FrameHeader(decoding: $0.baseAddress!) }
            frames.append(Frame(header: header, payload: Array(partial[17..<17 + header.payloadLength])))
            partial.removeFirst(header.frameLength)
        }
        return frames
    }

    /// The one frame of the next message.
    func nextFrame() throws -> Frame {
        let incoming = try next()
        guard case .frames(let frames) = incoming, frames.count == 1 else {
            throw Unexpected(description: "\(incoming)")
        }
        return frames[0]
    }

    func next(_ type: FrameType) throws -> Frame {
        let frame = try nextFrame()
        guard frame.header.type == type else { throw Unexpected(description: "\(frame)") }
        return frame
    }

    private static var wallClock: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000
    }
}
