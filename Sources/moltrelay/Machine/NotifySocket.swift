import Glibc

/// Where systemd hears of this process: the datagram socket of sd_notify(3).
///
/// Never waits: what systemd does not take is not told. One descriptor for good: a relay that has none left must not be
/// taken for a dead one.
struct NotifySocket: Sendable {
    private let descriptor: Int32
    private let address: sockaddr_un
    private let length: socklen_t

    /// - Parameter name: `$NOTIFY_SOCKET`: a path, or `@` and the name of an abstract socket.
    init?(name: String) {
        var bytes = Array(name.utf8)
        var address = sockaddr_un()
        guard let first = bytes.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@"),
            bytes.count < MemoryLayout.size(ofValue: address.sun_path)
        else { return nil }
        if first == UInt8(ascii: "@") { bytes[0] = 0 }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return nil }
        self.address = address
        // Of an abstract name every byte counts, zeros after it too.
        length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    }

    /// - Returns: errno where it was not taken.
    func send(_ text: String) -> Int32? {
        let bytes = Array(text.utf8)
        let sent = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
        return sent == bytes.count ? nil : errno
    }
}
