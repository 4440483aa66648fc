import RelayCore
import Testing
import WireProtocol

@testable import RelayTransport

/// Frames through WebSocket messages, fragments and segments, from one agent to another.
@Suite struct FrameTests {
    private static let mebibyte = 1 << 20

    private static func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) } }

    private func pair(_ relay: RelayUnderTest, extensions: [String] = []) throws -> (TestAgent, TestAgent) {
        try (
            TestAgent.admitted(relay, name: "sender"),
            TestAgent.admitted(relay, name: "recipient", extensions: extensions)
        )
    }

    @Test(arguments: [1, 2, 100, 4_096]) func oneMessageInManyFragmentsAndSegments(size: Int) throws {
        let relay = try RelayUnderTest()
        let (sender, recipient) = try pair(relay)
        let envelope = Self.bytes(20 * size)
        let frame = sender.message(to: recipient.hash, envelope)
        for start in stride(from: 0, to: frame.count, by: size) {
            var fragment = WebSocketEncoder.masked(
                .binary,
                payload: Array(frame[start..<min(start + size, frame.count)]),
                key: UInt32(truncatingIfNeeded: start &* 0x9E37_79B9)
            )
            fragment[0] = (start == 0 ? 0x02 : 0x00) | (start + size >= frame.count ? 0x80 : 0)
            try sender.socket.write(fragment)
        }
        #expect(try recipient.next(.message).envelope.elementsEqual(envelope))
    }

    @Test func severalFramesInOneMessage() throws {
        let relay = try RelayUnderTest()
        let (sender, recipient) = try pair(relay)
        try sender.sendBinary((0..<50).flatMap { sender.message(to: recipient.hash, [UInt8($0)]) })
        for index in 0..<50 { #expect(try recipient.next(.message).envelope.elementsEqual([UInt8(index)])) }
    }

    @Test func aBatchingRecipientGetsThemInOne() throws {
        let relay = try RelayUnderTest()
        let (sender, recipient) = try pair(relay, extensions: ["batching"])
        try sender.sendBinary((0..<50).flatMap { sender.message(to: recipient.hash, [UInt8($0)]) })
        var batches: [[TestAgent.Frame]] = []
        while batches.joined().count < 50 {
            guard case .frames(let frames) = try recipient.next() else { break }
            batches.append(frames)
        }
        #expect(batches.joined().map(\.envelope.first) == (0..<50).map { UInt8($0) })
        #expect(batches.contains { $0.count > 1 })
    }

    @Test func aFrameMayNotSpanTwoMessages() throws {
        let relay = try RelayUnderTest()
        let (sender, recipient) = try pair(relay)
        let frame = sender.message(to: recipient.hash, [1, 2, 3])
        try sender.sendBinary(Array(frame.dropLast(5)))
        let error = try sender.next(.error).error
        #expect(error?.message == "a frame does not end with its WebSocket message")
        #expect(error?.fatal == true)
        #expect(try sender.next() == .close(1002))
        sender.socket.close()
        #expect(try relay.log.waitForClose() == [.protocolViolation])
    }

    @Test func theLargestMessageAndOneByteMore() throws {
        let relay = try RelayUnderTest()
        let (sender, recipient) = try pair(relay)
        let largest = Self.bytes(Self.mebibyte)
        try sender.sendBinary(sender.message(to: recipient.hash, largest))
        #expect(try recipient.next(.message).envelope.elementsEqual(largest))

        let id = MessageID.random()
        try sender.sendBinary(sender.message(to: recipient.hash, largest + [1], id: id))
        let nack = try sender.next(.nack).nack
        #expect(nack?.messageID == id)
        #expect(nack?.knownCode == .tooLarge)
        try relay.log.wait(for: .nacked(id, code: .tooLarge))

        try sender.sendBinary(sender.message(to: recipient.hash, [7]))
        #expect(try recipient.next(.message).envelope.elementsEqual([7]))
        #expect(relay.log.failures == [])
    }

    @Test func anOversizedDocumentEndsBeforeItIsRead() throws {
        let relay = try RelayUnderTest()
        let agent = try TestAgent(relay)
        let frame = agent.frame(.hello, [UInt8](repeating: 0x20, count: 65_537))
        try agent.socket.write(WebSocketEncoder.masked(.binary, payload: frame, key: 3).prefix(40))
        #expect(try agent.next(.error).error?.code == ErrorCode.frameSize.rawValue)
        #expect(try agent.next() == .close(1009))
    }

    @Test func framesAreCountedByType() throws {
        let relay = try RelayUnderTest()
        let (sender, recipient) = try pair(relay)
        let small = (0..<3).flatMap { _ in sender.message(to: recipient.hash, [1]) }
        try sender.sendBinary(small + sender.message(to: recipient.hash, Self.bytes(Self.mebibyte + 1)))
        try sender.send(Ping(timestamp: 1, sequence: 1))
        while try sender.nextFrame().header.type != .pong {}
        var counts: [FrameType: Int] = [:]
        try relay.log.wait { if case .framesReceived(.ping, 1) = $0 { true } else { false } }
        for case .framesReceived(let type, let count) in relay.log.all { counts[type, default: 0] += count }
        #expect(counts == [.hello: 2, .auth: 2, .message: 4, .ping: 1])
    }
}
