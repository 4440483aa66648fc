import NIOCore

/// Where a socket comes from, as limits count it: an IPv4 address, or the /64 of an IPv6 one, which is the least that a
/// site is given and holds more addresses than could be counted one by one.
struct ClientNetwork: Hashable, Sendable, CustomStringConvertible {
    private enum Family: Hashable { case none, ipv4, ipv6 }

    private let family: Family
    /// The leading 32 or 64 bits, in host order.
    private let prefix: UInt64

    /// A socket without an IP address (a Unix socket, a channel of a test) belongs to one network of its own.
    init(_ address: SocketAddress?) {
        // The address lies 4 bytes into a sockaddr_in, 8 into a sockaddr_in6.
        switch address {
        case .v4(let address):
            let bits = withUnsafeBytes(of: address.address) { $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self) }
            self.init(family: .ipv4, prefix: UInt64(UInt32(bigEndian: bits)))
        case .v6(let address):
            self = withUnsafeBytes(of: address.address) { Self(ipv6: UnsafeRawBufferPointer(rebasing: $0[8..<24])) }
        case .unixDomainSocket, nil: self.init(family: .none, prefix: 0)
        }
    }

    private init(family: Family, prefix: UInt64) {
        self.family = family
        self.prefix = prefix
    }

    private init(ipv6 bytes: UnsafeRawBufferPointer) {
        let high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
        let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        // ::ffff:0:0/96 is an IPv4 address at a listener of both families (RFC 4291 section 2.5.5.2).
        let isMapped = high == 0 && low >> 32 == 0xFFFF
        self.init(family: isMapped ? .ipv4 : .ipv6, prefix: isMapped ? low & 0xFFFF_FFFF : high)
    }

    var description: String {
        switch family {
        case .none: ""
        case .ipv4: stride(from: 24, through: 0, by: -8).map { "\(prefix >> UInt64($0) & 0xFF)" }.joined(separator: ".")
        case .ipv6:
            stride(from: 48, through: 0, by: -16).map { String(prefix >> UInt64($0) & 0xFFFF, radix: 16) }
                .joined(separator: ":") + "::/64"
        }
    }
}
