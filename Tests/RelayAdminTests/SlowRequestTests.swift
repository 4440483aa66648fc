import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import RelayAdmin

/// Requests that come slowly, where no time passes unless the test says so.
@Suite struct SlowRequestTests {
    private let loop = EmbeddedEventLoop()
    private let channel: EmbeddedChannel
    private let limits = AdminLimits()

    init() throws {
        channel = EmbeddedChannel(loop: loop)
        try AdminServer.addHandlers(
            to: channel,
            router: AdminRouter(["/one": .fixed("one")]),
            limits: limits,
            open: OpenConnections(limit: 2),
            told: { _ in }
        )
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
    }

    private func receive(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

    private func sent() throws -> String {
        var text = ""
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: buffer) }
        return text
    }

    private static let request = "GET /one HTTP/1.1\r\nhost: x\r\n\r\n"

    @Test func `the time of a later request runs from its first byte too`() throws {
        try receive(Self.request)
        #expect(try sent().hasSuffix("one\n"))
        loop.advanceTime(by: .seconds(60))
        try receive("GET /o")
        loop.advanceTime(by: limits.requestTimeout)
        #expect(try sent().hasPrefix("HTTP/1.1 408 "))
        loop.advanceTime(by: limits.lingerTimeout)
        #expect(!channel.isActive)
    }

    @Test(arguments: ["G", "GET /one HTTP/1.1", "GET /one HTTP/1.1\r\nhost: x\r\n", "\r\nGET /one HTTP/1.1\r\n"])
    func `half a request that came with a whole one has the time of a request`(half: String) throws {
        try receive(Self.request + half)
        #expect(try sent().hasSuffix("one\n"))
        loop.advanceTime(by: limits.requestTimeout)
        #expect(!channel.isActive)
    }

    @Test func `a whole request leaves an idle connection, wherever its reads end`() throws {
        for cut in [1, 3, 10, Self.request.utf8.count] {
            try receive(String(Self.request.dropLast(cut)))
            try receive(String(Self.request.suffix(cut)))
            #expect(try sent().hasSuffix("one\n"))
            loop.advanceTime(by: limits.idleTimeout - .nanoseconds(1))
            #expect(channel.isActive)
        }
        loop.advanceTime(by: .nanoseconds(1))
        #expect(!channel.isActive)
    }
}
