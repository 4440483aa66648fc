@testable import WireProtocol

/// A frame that a peer might send, changed.
enum Mutation {
    private static let payloads: [(UInt8, [UInt8])] = [
        (0x01, Wire.hello(extensions: ["ack:binary", "trace-context"]).json), (0x03, Wire.auth(authority: "a:1").json),
        (0x10, Wire.message()), (0x10, Wire.message(trace: true)), (0x10, Wire.message(envelope: 65)),
        (0x11, Ack(messageIDs: [Wire.id], type: .received, timestamp: 1).json),
        (0x11, Ack(messageIDs: [Wire.id], type: .received, timestamp: 1).binary),
        (0x12, Nack(messageID: Wire.id, code: .expired, message: "").json),
        (0x20, Ping(timestamp: 1, sequence: 1).json),
        (0x21, Pong(answering: Ping(timestamp: 1, sequence: 1)).json), (0x31, [1, 2, 3]),
        (0x40, GoAway(message: "").json),
        (0xFF, ProtocolError(code: .refused, message: "", details: ["a": "b"]).json), (0x7E, []),
    ]

    /// - Parameter type: what the session waits for; nil where it takes many.
    static func frame(_ type: FrameType?, sequence: UInt32, _ random: inout SplitMix64) -> [UInt8] {
        let wanted = type.flatMap { type in payloads.first { $0.0 == type.rawValue } }
        var (code, payload) = payloads.randomElement(using: &random)!
        if let wanted, !oneIn(4, &random) { (code, payload) = wanted }
        edit(&payload, &random)
        var header = FrameHeader(type: .hello, payloadLength: payload.count, sequence: sequence)
        header.typeCode = oneIn(32, &random) ? UInt8.random(in: 0...255, using: &random) : code
        if oneIn(8, &random) { header.flags = FrameFlags(rawValue: UInt8.random(in: 0...255, using: &random)) }
        if oneIn(32, &random) { header.streamID = [1, 1024, .max].randomElement(using: &random)! }
        if oneIn(32, &random) {
            header.sequence = [0, sequence &- 1, sequence &+ 1, .max].randomElement(using: &random)!
        }
        var frame = Wire.frame(header, payload)
        // Under a checksum that no longer holds: any byte, magic, version and length among them.
        if oneIn(8, &random) {
            frame[Int.random(in: 0..<frame.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
        if oneIn(16, &random) { frame.removeLast(Int.random(in: 1...frame.count, using: &random)) }
        return frame
    }

    /// At most two bytes changed, taken out, doubled, or the end cut off.
    static func edit(_ payload: inout [UInt8], _ random: inout SplitMix64) {
        for _ in 0..<Int.random(in: 0...2, using: &random) where !payload.isEmpty {
            let index = payload.indices.randomElement(using: &random)!
            switch UInt8.random(in: 0..<4, using: &random) {
            case 0: payload[index] = UInt8(truncatingIfNeeded: random.next())
            case 1: payload.remove(at: index)
            case 2: payload.insert(payload[index], at: index)
            default: payload.removeLast(payload.count - index)
            }
        }
    }

    static func oneIn(_ count: UInt8, _ random: inout SplitMix64) -> Bool {
        UInt8.random(in: 0..<count, using: &random) == 0
    }
}
