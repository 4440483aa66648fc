import NIOCore
import NIOHTTP1
import Testing

@testable import Listening
@testable import RelayTransport

/// Headers made by hand, byte by byte, after proxy-protocol.txt.
@Suite struct ProxyHeaderTests {
    private static func read(_ bytes: some Collection<UInt8>) -> ProxyHeader {
        ProxyHeader(ByteBuffer(bytes: bytes).readableBytesView)
    }

    private static func client(_ address: String, _ port: Int, _ byteCount: Int) throws -> ProxyHeader {
        .client(try SocketAddress(ipAddress: address, port: port), byteCount: byteCount)
    }

    static func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8], length: Int? = nil) -> [UInt8] {
        let length = length ?? rest.count
        return ProxyHeader.signature + [command, family, UInt8(length >> 8), UInt8(length & 0xFF)] + rest
    }

    static let ipv4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 1, 0xDC, 0x04, 0x01, 0xBB]
    private static let ipv6: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [7] + [UInt8](repeating: 1, count: 16)
        + [0x12, 0x34, 0x01, 0xBB]

    @Test(
        arguments: [
            ("TCP4 192.0.2.1 198.51.100.1 56324 443", "192.0.2.1", 56_324),
            ("TCP6 2001:db8::7 2001:db8::1 65535 0", "2001:db8::7", 65_535),
        ]
    )
    func aLine(text: String, address: String, port: Int) throws {
        let line = Array("PROXY \(text)\r\n".utf8)
        #expect(Self.read(line + Array("GET".utf8)) == (try Self.client(address, port, line.count)))
        for count in 0..<line.count { #expect(Self.read(line.prefix(count)) == .needMore, "\(count)") }
    }

    @Test(arguments: ["UNKNOWN", "UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535"])
    func aLineOfSomebodyUnknown(text: String) {
        let line = Array("PROXY \(text)\r\n".utf8)
        #expect(Self.read(line) == .client(nil, byteCount: line.count))
    }

    @Test(
        arguments: [
            "PROXY \r\n", "PROXY TCP4\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n",
            "PROXY TCP4 192.0.2.1  198.51.100.1 1 2\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 65536 2\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 01 2\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 +1 2\r\n",
            "PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n", "PROXY TCP4 192.0.2 198.51.100.1 1 2\r\n",
            "PROXY TCP6 192.0.2.1 198.51.100.1 1 2\r\n", "PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
            "PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n", "PROXY TCP4 host.example 198.51.100.1 1 2\r\n",
            "PROXY TCP4 192.0.2.1\u{0} 198.51.100.1 1 2\r\n",
        ]
    )
    func malformedLines(line: String) {
        #expect(Self.read(line.utf8) == .malformed)
    }

    @Test func aLineWithoutAnEnd() {
        let line = Array("PROXY UNKNOWN ".utf8) + [UInt8](repeating: 0x20, count: 200)
        #expect(Self.read(line.prefix(ProxyHeader.maxLineBytes - 1)) == .needMore)
        #expect(Self.read(line.prefix(ProxyHeader.maxLineBytes)) == .tooLarge)
    }

    @Test func binaryAddresses() throws {
        let extensions: [UInt8] = [0x04, 0, 1, 9]
        for (family, addresses, text) in [(UInt8(0x11), Self.ipv4, "192.0.2.1"), (0x21, Self.ipv6, "2001:db8::7")] {
            let header = Self.binary(0x21, family, addresses + extensions)
            let port = family == 0x11 ? 56_324 : 0x1234
            #expect(Self.read(header + [1, 2]) == (try Self.client(text, port, header.count)))
            for count in 0..<header.count { #expect(Self.read(header.prefix(count)) == .needMore, "\(count)") }
        }
    }

    /// LOCAL with anything behind it, and families without an address of the internet.
    @Test(arguments: [(0x20, 0x00, 0), (0x20, 0x11, 12), (0x21, 0x00, 0), (0x21, 0x31, 216)] as [(UInt8, UInt8, Int)])
    func binaryWithoutAClient(command: UInt8, family: UInt8, count: Int) {
        let header = Self.binary(command, family, [UInt8](repeating: 7, count: count))
        #expect(Self.read(header) == .client(nil, byteCount: header.count))
    }

    @Test func damagedBinaries() {
        #expect(Self.read(Self.binary(0x11, 0x11, Self.ipv4)) == .malformed)
        #expect(Self.read(Self.binary(0x22, 0x11, Self.ipv4)) == .malformed)
        #expect(Self.read(Self.binary(0x21, 0x12, Self.ipv4)) == .malformed)
        #expect(Self.read(Self.binary(0x21, 0x21, Self.ipv4)) == .malformed)
        #expect(Self.read(Self.binary(0x21, 0x11, Array(Self.ipv4.dropLast()))) == .malformed)
        #expect(Self.read(Self.binary(0x21, 0x11, Self.ipv4, length: 4_081)) == .tooLarge)
        #expect(Self.read(Self.binary(0x21, 0x11, Self.ipv4, length: 4_080)) == .needMore)
        #expect(Self.read(Array("GET / HTTP/1.1\r\n".utf8)) == .absent)
        #expect(Self.read([0x16, 0x03, 0x01]) == .absent)
    }
}

@Suite struct ForwardedForTests {
    private static let trust = ProxyTrust(
        .forwardedFor,
        networks: ["10.0.0.0/8", "2001:db8::/32"].compactMap(AddressBlock.init)
    )

    private static func read(_ values: [String]) -> ForwardedFor {
        ForwardedFor(HTTPHeaders(values.map { ("X-Forwarded-For", $0) }), trust)
    }

    /// Read from the right, past the proxies: what a client wrote itself stands further left.
    @Test(
        arguments: [
            (["192.0.2.1"], "192.0.2.1"), (["198.51.100.9, 192.0.2.1"], "192.0.2.1"),
            (["192.0.2.1, 10.0.0.1, 2001:db8::5"], "192.0.2.1"), (["192.0.2.1", "10.0.0.1"], "192.0.2.1"),
            (["nonsense, 192.0.2.1"], "192.0.2.1"), (["192.0.2.1:4711"], "192.0.2.1"),
            (["[2001:dead::1]:4711"], "2001:dead::1"), (["[2001:dead::1]"], "2001:dead::1"),
            (["\t2001:dead::1 "], "2001:dead::1"), (["10.0.0.2, 10.0.0.1"], "10.0.0.2"),
        ]
    )
    func theLastThatIsNoProxy(values: [String], address: String) throws {
        #expect(Self.read(values) == .client(try SocketAddress(ipAddress: address, port: 0)))
    }

    @Test(
        arguments: [
            "", "unknown", "192.0.2.1,", "192.0.2.1, nonsense", "192.0.2.1:", "192.0.2.1:99999", "[2001:dead::1",
            "[2001:dead::1]x", "nonsense, 10.0.0.1", "192.0.2.1 10.0.0.1", "192.0.2.1;10.0.0.1",
        ]
    )
    func malformed(value: String) {
        #expect(Self.read([value]) == .malformed)
    }

    @Test func absent() { #expect(Self.read([]) == .absent) }
}

@Suite struct AddressBlockTests {
    @Test(
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"), ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("0.0.0.0/0", "255.1.2.3", "2001:db8::1"), ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"),
            ("::1", "::1", "::2"), ("::/0", "2001:db8::1", nil), ("10.0.0.0/8", "::ffff:10.1.1.1", "::ffff:11.1.1.1"),
            ("2001:db8::4/127", "2001:db8::5", "2001:db8::6"),
        ] as [(String, String, String?)]
    )
    func contains(text: String, inside: String, outside: String?) throws {
        let block = try #require(AddressBlock(text))
        #expect(block.contains(try SocketAddress(ipAddress: inside, port: 1)))
        if let outside { #expect(!block.contains(try SocketAddress(ipAddress: outside, port: 1))) }
        #expect(AddressBlock(block.description) == block)
        #expect(!block.contains(try SocketAddress(unixDomainSocketPath: "/x")))
    }

    @Test(arguments: [
        "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0/8", "::/129", "a/8",
    ])
    func isNone(text: String) {
        #expect(AddressBlock(text) == nil)
        #expect(AddressBlock.containing(text) == nil)
    }

    @Test func bitsPastTheLength() {
        #expect(AddressBlock("10.0.0.1/8") == nil)
        #expect(AddressBlock.containing("10.0.0.1/8")?.description == "10.0.0.0/8")
        #expect(AddressBlock.containing("2001:db8::1/32")?.description == "2001:db8::/32")
    }
}
