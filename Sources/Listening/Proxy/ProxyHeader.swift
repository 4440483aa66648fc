import NIOCore

/// A header of the PROXY protocol (haproxy's proxy-protocol.txt of 2020/03/05), version 1 or 2, as the first bytes of a
/// connection have it.
enum ProxyHeader: Equatable {
    /// The client's address; nil where the proxy speaks for itself (LOCAL, a health check) or knows none (UNKNOWN).
    case client(SocketAddress?, byteCount: Int)
    case needMore
    /// Not the beginning of one.
    case absent
    case malformed
    case tooLarge

    /// Section 2.1: the longest line, CRLF included.
    static let maxLineBytes = 107
    /// Of version 2 with its extensions: room for what clouds and certificates put there, and no more.
    static let maxBinaryBytes = 4_096

    static let lineStart = Array("PROXY ".utf8)
    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    init(_ bytes: ByteBufferView) {
        self =
            if Self.lineStart.starts(with: bytes.prefix(Self.lineStart.count)) {
                Self.line(bytes)
            } else if Self.signature.starts(with: bytes.prefix(Self.signature.count)) {
                Self.binary(bytes)
            } else {
                .absent
            }
    }

    private static func line(_ bytes: ByteBufferView) -> ProxyHeader {
        let start = bytes.prefix(maxLineBytes)
        guard let end = start.firstIndex(of: UInt8(ascii: "\n")) else {
            return bytes.count < maxLineBytes ? .needMore : .tooLarge
        }
        let length = end - bytes.startIndex + 1
        guard length > 1, bytes[end - 1] == UInt8(ascii: "\r") else { return .malformed }
        let text = String(decoding: bytes[bytes.startIndex..<end - 1], as: UTF8.self)
        let fields = text.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count > 1, fields[1] != "UNKNOWN" else {
            return fields.count > 1 ? .client(nil, byteCount: length) : .malformed
        }
        guard fields.count == 6, let source = address(fields[2], port: fields[4], family: fields[1]),
            address(fields[3], port: fields[5], family: fields[1]) != nil
        else { return .malformed }
        return .client(source, byteCount: length)
    }

    private static func address(_ text: Substring, port: Substring, family: Substring) -> SocketAddress? {
        let isNumber = port.utf8.allSatisfy { (48...57).contains($0) } && (port == "0" || !port.hasPrefix("0"))
        guard isNumber, let port = UInt16(port),
            let address = SocketAddress(digits: text, port: Int(port))
        else { return nil }
        switch address {
        case .v4: return family == "TCP4" ? address : nil
        case .v6: return family == "TCP6" ? address : nil
        case .unixDomainSocket: return nil
        }
    }

    private static func binary(_ bytes: ByteBufferView) -> ProxyHeader {
        guard bytes.count >= 16 else { return .needMore }
        func byte(_ offset: Int) -> UInt8 { bytes[bytes.startIndex + offset] }
        let (command, family) = (byte(12), byte(13))
        guard command == 0x20 || command == 0x21 else { return .malformed }
        let length = 16 + Int(byte(14)) << 8 + Int(byte(15))
        guard length <= maxBinaryBytes else { return .tooLarge }
        guard bytes.count >= length else { return .needMore }
        guard command == 0x21 else { return .client(nil, byteCount: length) }
        // Section 2.2: what follows the addresses is extensions, none of which say where the client is.
        switch family {
        case 0x11: return client(bytes, addressBytes: 4, length)
        case 0x21: return client(bytes, addressBytes: 16, length)
        case 0x00, 0x31, 0x32: return .client(nil, byteCount: length)
        default: return .malformed
        }
    }

    private static func client(_ bytes: ByteBufferView, addressBytes: Int, _ length: Int) -> ProxyHeader {
        guard length >= 16 + 2 * addressBytes + 4 else { return .malformed }
        let start = bytes.startIndex + 16
        let packed = ByteBuffer(bytes: bytes[start..<start + addressBytes])
        let port = start + 2 * addressBytes
        let number = Int(bytes[port]) << 8 + Int(bytes[port + 1])
        guard let address = try? SocketAddress(packedIPAddress: packed, port: number) else { return .malformed }
        return .client(address, byteCount: length)
    }
}
