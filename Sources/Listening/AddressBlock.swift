import Glibc
package import NIOCore

/// Addresses with a common beginning, in CIDR notation (RFC 4632, RFC 4291 section 2.3). IPv4 has a place of its own in
/// IPv6 (::ffff:0:0/96), so that a listener of both families knows its clients by either.
package struct AddressBlock: Sendable, Hashable {
    private let high, low: UInt64
    /// Leading bits that count, 0...128.
    private let bits: Int
    private let isIPv4: Bool

    /// `10.0.0.0/8`, `2001:db8::/32`, or one address. nil for anything else, an address with bits past its length too.
    package init?(_ text: String) {
        guard let block = Self.reading(text), block.base == block else { return nil }
        self = block
    }

    /// What was probably meant by an address with bits past its length: `10.0.0.1/8` is in `10.0.0.0/8`.
    package static func containing(_ text: String) -> AddressBlock? { reading(text)?.base }

    package func contains(_ address: SocketAddress) -> Bool {
        guard let other = AddressBlock(address) else { return false }
        let mask = Self.mask(bits)
        return other.high & mask.high == high && other.low & mask.low == low
    }

    /// Every address of its family.
    package var isEveryAddress: Bool { bits == (isIPv4 ? 96 : 0) }

    package var description: String {
        isIPv4
            ? "\(text(AF_INET, low << 32))/\(bits - 96)"
            : "\(text(AF_INET6, high, low))/\(bits)"
    }

    private init(high: UInt64, low: UInt64, bits: Int, isIPv4: Bool) {
        (self.high, self.low, self.bits, self.isIPv4) = (high, low, bits, isIPv4)
    }

    /// - Parameter address: 4 or 16 bytes, in network order.
    private init(_ address: UnsafeRawBufferPointer, bits: Int) {
        func word(_ offset: Int) -> UInt64 {
            UInt64(UInt32(bigEndian: address.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        }
        if address.count == 4 {
            self.init(high: 0, low: 0xFFFF_0000_0000 | word(0), bits: 96 + bits, isIPv4: true)
        } else {
            self.init(high: word(0) << 32 | word(4), low: word(8) << 32 | word(12), bits: bits, isIPv4: false)
        }
    }

    private init?(_ address: SocketAddress) {
        // The address lies 4 bytes into a sockaddr_in, 8 into a sockaddr_in6.
        switch address {
        case .v4(let address):
            self = withUnsafeBytes(of: address.address) {
                AddressBlock(UnsafeRawBufferPointer(rebasing: $0[4..<8]), bits: 32)
            }
        case .v6(let address):
            self = withUnsafeBytes(of: address.address) {
                AddressBlock(UnsafeRawBufferPointer(rebasing: $0[8..<24]), bits: 128)
            }
        case .unixDomainSocket: return nil
        }
    }

    private static func reading(_ text: String) -> AddressBlock? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        return reading(parts, AF_INET, byteCount: 4) ?? reading(parts, AF_INET6, byteCount: 16)
    }

    private static func reading(_ parts: [Substring], _ family: Int32, byteCount: Int) -> AddressBlock? {
        var address = [UInt8](repeating: 0, count: byteCount)
        guard !parts[0].utf8.contains(0), inet_pton(family, String(parts[0]), &address) == 1 else { return nil }
        guard let length = length(parts, most: byteCount * 8) else { return nil }
        return address.withUnsafeBytes { AddressBlock($0, bits: length) }
    }

    private static func length(_ parts: [Substring], most: Int) -> Int? {
        guard parts.count == 2 else { return most }
        let digits = parts[1]
        let isPlain = (1...3).contains(digits.utf8.count) && digits.utf8.allSatisfy { (48...57).contains($0) }
        return isPlain ? Int(digits).flatMap { (0...most).contains($0) ? $0 : nil } : nil
    }

    private var base: AddressBlock {
        let mask = Self.mask(bits)
        return AddressBlock(high: high & mask.high, low: low & mask.low, bits: bits, isIPv4: isIPv4)
    }

    private static func mask(_ bits: Int) -> (high: UInt64, low: UInt64) {
        (leading(min(bits, 64)), leading(max(bits - 64, 0)))
    }

    private static func leading(_ bits: Int) -> UInt64 { bits == 0 ? 0 : ~0 << UInt64(64 - bits) }

    private func text(_ family: Int32, _ words: UInt64...) -> String {
        let address = words.map(\.bigEndian)
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(family, address, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension SocketAddress {
    /// Of an address in digits that somebody sent; nil for anything else. A NUL would end it for the C library alone.
    package init?(digits text: Substring, port: Int) {
        guard !text.utf8.contains(0), let address = try? SocketAddress(ipAddress: String(text), port: port) else {
            return nil
        }
        self = address
    }
}
