import CertificateFixture
import NIOCore
import NIOEmbedded
import Testing

@testable import RelayTLS

@Suite struct RecordTests {
    private func opened(allowsHalfClosure: Bool = false) throws -> TLSPair {
        let pair = try TLSPair(allowsHalfClosure: allowsHalfClosure)
        try pair.exchange()
        return pair
    }

    private func bytes(_ count: Int, _ random: inout SeededNumbers) -> [UInt8] {
        (0..<count).map { _ in .random(in: 0...255, using: &random) }
    }

    @Test(arguments: [1, 255, 16_383, 16_384, 16_385, 32_768, 100_000, 1 << 20])
    func carriesWritesOfAnySize(_ count: Int) throws {
        let pair = try opened()
        defer { pair.finish() }
        var random = SeededNumbers(state: UInt64(count))
        let (there, back) = (bytes(count, &random), bytes(count, &random))
        try pair.client.write(there)
        try pair.server.write(back)
        try pair.exchange()
        #expect(pair.server.inbox.bytes == there)
        #expect(pair.client.inbox.bytes == back)
    }

    /// Records cut and joined as no sender would: what was written comes out, in order.
    @Test func readsRecordsCutAnywhere() throws {
        let pair = try opened()
        defer { pair.finish() }
        var random = SeededNumbers(state: 42)
        var (there, back): ([UInt8], [UInt8]) = ([], [])
        for _ in 0..<150 {
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let size = [1, 100, 16_384, 20_000].randomElement(using: &random) ?? 1
                let piece = bytes(.random(in: 1...size, using: &random), &random)
                if Bool.random(using: &random) {
                    try pair.client.write(piece)
                    there += piece
                } else {
                    try pair.server.write(piece)
                    back += piece
                }
            }
            try pair.exchange { left in .random(in: 1...min(left, 40_000), using: &random) }
        }
        #expect(pair.server.inbox.bytes == there)
        #expect(pair.client.inbox.bytes == back)
    }

    /// One read, one delivery: messages of one read are handled as one.
    @Test func passesOnWhatOneReadBroughtAtOnce() throws {
        let pair = try opened()
        defer { pair.finish() }
        for _ in 0..<10 { try pair.client.write([UInt8](repeating: 1, count: 200)) }
        let reads = pair.server.inbox.reads
        try pair.server.receive(pair.client.takeWire())
        #expect(pair.server.inbox.bytes.count == 2_000)
        #expect(pair.server.inbox.reads <= reads + 2)
    }

    /// The outbox takes a promise for the bytes having left.
    @Test func keepsAPromiseUntilItsCiphertextIsWritten() throws {
        let pair = try opened()
        defer { pair.finish() }
        var isDone = false
        let promise = pair.client.channel.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenSuccess { isDone = true }
        pair.client.channel.write(ByteBuffer(bytes: [1, 2, 3]), promise: promise)
        #expect(!isDone)
        pair.client.channel.flush()
        #expect(isDone)
    }

    @Test func borrowsAndGivesBackTheLoopsBuffers() throws {
        let session = try TestAuthority.server()
        var taken = 0
        var givenBack = 0
        let buffers = PlaintextBuffers(
            take: { _, allocator in
                taken += 1
                return allocator.buffer(capacity: 4_096)
            },
            giveBack: { _ in givenBack += 1 }
        )
        let channel = EmbeddedChannel()
        let handler = try session.handler(within: nil, buffers: buffers)
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try channel.writeInbound(ByteBuffer(bytes: [22, 3, 1]))
        // The ciphertext; no plaintext yet.
        #expect(taken == 0 && givenBack == 1)
        _ = try channel.finish()
    }

    @Test func endsAfterADamagedRecord() throws {
        let pair = try opened()
        defer { pair.finish() }
        try pair.client.write([1, 2, 3])
        var wire = try pair.client.takeWire()
        wire[wire.count - 1] ^= 1
        try pair.server.receive(wire)
        #expect((pair.server.inbox.errors.first as? TLSFailure)?.cause == .malformed)
        #expect(!pair.server.channel.isActive && pair.server.inbox.bytes.isEmpty)
        #expect(try !pair.server.takeWire().isEmpty, "the alert")
    }

    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.writeAndFlush(data, promise: nil)
            context.fireChannelRead(data)
        }
    }

    /// The answer to what came before a damaged record is no second failure, with a reason of its own.
    @Test func failsOnceThoughWhatItDeliveredIsAnswered() throws {
        let pair = try opened()
        defer { pair.finish() }
        try pair.server.channel.pipeline.syncOperations.addHandler(Echo(), position: .before(pair.server.inbox))
        for piece in [[1, 2], [3, 4]] as [[UInt8]] { try pair.client.write(piece) }
        var wire = try pair.client.takeWire()
        wire[wire.count - 1] ^= 1
        try pair.server.receive(wire)
        #expect(pair.server.inbox.bytes == [1, 2])
        #expect(pair.server.inbox.errors.map { ($0 as? TLSFailure)?.cause } == [.malformed])
    }

    @Test func closesBehindItsPeersCloseNotify() throws {
        let pair = try opened()
        defer { pair.finish() }
        try pair.client.write([1])
        try pair.client.channel.close(mode: .output).wait()
        try pair.exchange()
        #expect(pair.server.inbox.bytes == [1])
        #expect(!pair.server.channel.isActive)
    }

    @Test func goesOnWritingBehindItsPeersCloseNotifyWhereThatIsAllowed() throws {
        let pair = try opened(allowsHalfClosure: true)
        defer { pair.finish() }
        try pair.client.channel.close(mode: .output).wait()
        try pair.exchange()
        #expect(pair.server.inbox.events.last as? String == "\(ChannelEvent.inputClosed)")
        #expect(pair.server.channel.isActive)
        try pair.server.write([5])
        #expect(try pair.server.takeWire().count > 5)
    }

    /// The end of a stream that an attacker chose must not pass for the end of an answer.
    @Test func tellsAClientOfAnEndThatNobodySaid() throws {
        let (cut, own, said) = (try opened(), try opened(), try opened())
        cut.client.channel.pipeline.fireChannelInactive()
        #expect(cut.client.inbox.errors.first as? TLSFailure == .cutOff)
        try own.client.channel.close().wait()
        #expect(own.client.inbox.errors.isEmpty)
        try said.server.channel.close().wait()
        try said.exchange()
        #expect(said.client.inbox.errors.isEmpty && !said.client.channel.isActive)
        for pair in [cut, own, said] { pair.finish() }
    }
}
