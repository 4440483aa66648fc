import Identity
import NIOCore
import NIOEmbedded
import NIOPosix
import RelayCore
import Testing
import WireProtocol

@testable import RelayTransport

/// The ends of a connection where no time passes unless the test says so.
@Suite struct EmbeddedClosingTests {
    private struct Setting {
        let loop = EmbeddedEventLoop()
        let channel: EmbeddedChannel
        let gauges: RelayGauges
        let relay: Relay
        let listener: AgentListener

        init() throws {
            let loops = DataLoops(group: loop)
            let started = loops.start(settings: RelaySettings(), store: nil) { _ in LoopEar(log: EventLog()) }
            loop.run()
            gauges = try started.wait()[0]
            relay = try #require(loops.loops[0].relay)
            listener = AgentListener(
                loops: loops,
                session: SessionConfiguration(relayID: "relay"),
                limits: RelayUnderTest.unlimited,
                admission: Admission(
                    identity: RelayIdentity(relayID: "relay", key: nil),
                    authenticator: Authenticator(policy: AuthPolicy()),
                    store: MemoryStore(
                        limits: QueueLimits(
                            maxMessagesPerAgent: 1,
                            maxTotalBytes: 1,
                            maxSharePerSender: 1,
                            deduplicationMaxIDs: 1
                        )
                    ),
                    workers: NIOThreadPool(numberOfThreads: 1),
                    maxAnonymousPins: 1
                )
            )
            channel = EmbeddedChannel(loop: loop)
            try listener.open(channel)
            try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        }

        func receive(_ bytes: some Sequence<UInt8>) throws {
            try channel.writeInbound(ByteBuffer(bytes: bytes))
            loop.run()
        }

        func sent() throws -> [UInt8] {
            var bytes: [UInt8] = []
            while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
            return bytes
        }

        func upgrade() throws {
            try receive(TestAgent.request.utf8)
            #expect(try sent().starts(with: "HTTP/1.1 101 ".utf8))
            #expect(gauges.connections == 1)
        }
    }

    private static let text = WebSocketEncoder.masked(.text, payload: [0x61], key: 1)
    private static let violation: [UInt8] = [0x83, 0x80, 0, 0, 0, 0]

    @Test func theSocketEndsWithTheAgentsAnswer() throws {
        let setting = try Setting()
        try setting.upgrade()
        try setting.receive(WebSocketEncoder.masked(.ping, payload: [], key: 1))
        #expect(try setting.sent() == [0x8A, 0])
        setting.relay.openConnections[0].disconnect(.idle)
        setting.loop.run()
        #expect(try setting.sent() == WebSocketEncoder.close(code: 4004, reason: "idle"))
        #expect(setting.channel.isActive)
        try setting.receive(WebSocketEncoder.masked(.binary, payload: [1, 2, 3], key: 1))
        #expect(setting.channel.isActive)
        try setting.receive(WebSocketEncoder.masked(.close, payload: [0x0F, 0xA4], key: 1))
        #expect(!setting.channel.isActive)
        #expect(setting.gauges.connections == 0)
    }

    @Test(arguments: [text, violation]) func theSocketEndsWithoutAnAnswer(bytes: [UInt8]) throws {
        let setting = try Setting()
        try setting.upgrade()
        try setting.receive(bytes)
        #expect(try setting.sent().first == 0x88)
        setting.loop.advanceTime(by: .milliseconds(499))
        #expect(setting.channel.isActive)
        setting.loop.advanceTime(by: .milliseconds(1))
        #expect(!setting.channel.isActive)
        #expect(setting.gauges.connections == 0)
    }

    @Test(arguments: [text, violation]) func nothingFollowsACloseFrame(bytes: [UInt8]) throws {
        let setting = try Setting()
        try setting.upgrade()
        try setting.receive(bytes)
        #expect(try setting.sent().first == 0x88)
        setting.relay.send(OutgoingFrame(Ping(timestamp: 1, sequence: 1)), to: setting.relay.openConnections[0])
        setting.loop.run()
        try setting.receive(WebSocketEncoder.masked(.ping, payload: [], key: 1))
        #expect(try setting.sent() == [])
    }

    /// The socket dies as the 101 is written to it: its channel is inactive before the connection is made.
    @Test func aSocketThatDiesUnderItsUpgrade() throws {
        final class Broken: ChannelOutboundHandler {
            typealias OutboundIn = ByteBuffer

            func flush(context: ChannelHandlerContext) { context.close(promise: nil) }
        }
        let setting = try Setting()
        try setting.channel.pipeline.syncOperations.addHandler(Broken(), position: .first)
        try? setting.receive(TestAgent.request.utf8)
        setting.loop.run()
        #expect(!setting.channel.isActive)
        #expect(setting.gauges.connections == 0)
        #expect(setting.relay.openConnections.isEmpty)
        #expect(setting.listener.turnstile.counts == (0, 0))
    }

    @Test func aRefusalIsReadBeforeTheSocketEnds() throws {
        let setting = try Setting()
        try setting.receive("GET / HTTP/1.1\r\n\r\n".utf8)
        #expect(try setting.sent().starts(with: "HTTP/1.1 404 ".utf8))
        setting.loop.advanceTime(by: .seconds(1))
        #expect(!setting.channel.isActive)
        #expect(setting.listener.turnstile.counts == (0, 0))
    }
}
