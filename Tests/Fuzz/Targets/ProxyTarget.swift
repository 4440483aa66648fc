import NIOCore
import NIOEmbedded
import NIOHTTP1
import RelayCore

@testable import Listening
@testable import RelayTransport

/// What a proxy says of its client: read the same wherever it is cut, within its bounds, with what follows passed on
/// untouched. Whoever may write to the left of a proxy's own word changes nothing.
enum ProxyTarget {
    static func run(_ input: [UInt8]) {
        var script = Script(input)
        let kind = script.byte() % 4
        let seed = script.byte()
        switch kind {
        case 0, 1: readHeader(script.rest(), seed, isExpected: kind == 0)
        case 2: readForwarded(String(decoding: script.rest(), as: UTF8.self))
        default: readBlock(String(decoding: script.rest(), as: UTF8.self))
        }
    }

    private static func readHeader(_ stream: [UInt8], _ seed: UInt8, isExpected: Bool) {
        let readings = cuttings(of: stream, seed: seed).map { ProxyReading(of: $0, isExpected: isExpected) }
        guard isExpected else { return readings.forEach { checkUntrusted($0, stream) } }
        expect(readings.allSatisfy { $0 == readings[0] }, "read otherwise where it is cut")
        let header = ProxyHeader(ByteBuffer(bytes: stream).readableBytesView)
        let full = ByteBuffer(bytes: stream + [UInt8](repeating: 0, count: ProxyHeader.maxBinaryBytes))
        expect(ProxyHeader(full.readableBytesView) != .needMore, "more is wanted than a header may have")
        guard case .client(let client, let byteCount) = header else {
            expect(readings[0].passed.isEmpty, "passed on without a header")
            expect(readings[0].outcome?.hasPrefix("client") != true, "a client without a header")
            return
        }
        expect(byteCount <= ProxyHeader.maxBinaryBytes, "a header of \(byteCount) bytes")
        expect(readings[0].passed == Array(stream[byteCount...]), "what follows the header is not passed on as it is")
        expect(readings[0].outcome == "client \(client?.description ?? "own")", "another client is told of")
        if let client { rewrite(client) }
    }

    /// The header that says the same in the other version.
    private static func rewrite(_ client: SocketAddress) {
        let family = client.protocol == .inet ? "TCP4" : "TCP6"
        let (address, port) = (known(client.ipAddress), known(client.port))
        let line = Array("PROXY \(family) \(address) \(address) \(port) 1\r\n".utf8)
        let again = ProxyHeader(ByteBuffer(bytes: line).readableBytesView)
        expect(again == .client(client, byteCount: line.count), "\(client) is another in a line: \(again)")
    }

    private static func checkUntrusted(_ reading: ProxyReading, _ stream: [UInt8]) {
        let refused = "refused \(ProxyRefusal.untrusted)"
        expect(reading.outcome == nil || reading.outcome == refused, "\(reading.outcome ?? "") of no proxy")
        expect(
            reading.passed == (reading.outcome == nil ? stream : []),
            "a client's bytes are not passed on as they are"
        )
    }

    private static let trust = ProxyTrust(
        .forwardedFor,
        networks: ["10.0.0.0/8", "fd00::/8"].compactMap { AddressBlock($0) }
    )

    /// A header a line.
    private static func readForwarded(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var headers = HTTPHeaders(lines.map { ("X-Forwarded-For", $0) })
        let read = ForwardedFor(headers, trust)
        func then(_ entry: String) -> ForwardedFor {
            var more = headers
            more.add(name: "x-forwarded-for", value: entry)
            return ForwardedFor(more, trust)
        }
        expect(then(" 192.0.2.9:80 ") == address("192.0.2.9"), "a client chooses its address: \(then("192.0.2.9"))")
        expect(then("nobody") == .malformed, "what no proxy writes is taken")
        let behind = then("10.1.1.1")
        expect(behind == read || read == .absent && behind == address("10.1.1.1"), "one more proxy changes the client")
        headers.replaceOrAdd(name: "x-forwarded-for", value: lines.joined(separator: ","))
        expect(ForwardedFor(headers, trust) == read, "lines are read otherwise than one")
    }

    private static func address(_ digits: String) -> ForwardedFor {
        .client(known(try? SocketAddress(ipAddress: digits, port: 0)))
    }

    private static func readBlock(_ text: String) {
        guard let block = AddressBlock(text) else { return }
        expect(AddressBlock(block.description) == block, "\(block.description) is read as another block")
        expect(AddressBlock.containing(text) == block, "a block is another than what it was meant for")
        let first = block.description.prefix { $0 != "/" }
        guard let address = SocketAddress(digits: first, port: 0) else { broken("\(first) is no address") }
        expect(block.contains(address), "\(block.description) is without its first address")
    }
}

/// What the handler makes of a stream.
private struct ProxyReading: Equatable {
    var outcome: String?
    var passed: [UInt8] = []
    var isActive = true

    init(of pieces: [ArraySlice<UInt8>], isExpected: Bool) {
        var told: [String] = []
        let channel = EmbeddedChannel()
        let handler = ProxyHeaderHandler(expecting: isExpected ? .header : .noHeader, patience: .seconds(1)) {
            outcome in
            switch outcome {
            case .client(let client): told.append("client \(client?.description ?? "own")")
            case .refused(let result): told.append("refused \(result)")
            }
        }
        do {
            try channel.pipeline.syncOperations.addHandler(handler)
            try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
            for piece in pieces where channel.isActive { try channel.writeInbound(ByteBuffer(bytes: piece)) }
            while let bytes = try channel.readInbound(as: ByteBuffer.self) { passed += bytes.readableBytesView }
            isActive = channel.isActive
            // Half a header is not waited for.
            channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            expect(!isExpected || !channel.isActive || !told.isEmpty, "a header is waited for without an end")
            _ = try channel.finish(acceptAlreadyClosed: true)
        } catch {
            broken("the socket failed: \(error)")
        }
        expect(told.count <= 1, "told \(told)")
        outcome = told.first
    }
}
