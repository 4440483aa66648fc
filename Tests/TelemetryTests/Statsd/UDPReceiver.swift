import Glibc

/// A UDP socket on loopback that keeps what comes.
final class UDPReceiver {
    private let descriptor: Int32
    let port: Int

    struct Failed: Error {
        let code: Int32
    }

    init(port: Int = 0) throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        // A datagram that never comes is a failure, not a test that never ends.
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) | getsockname(descriptor, $0, &size)
            }
        }
        guard result == 0 else { throw Failed(code: errno) }
        self.port = Int(in_port_t(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }

    func receive() throws -> String {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        guard count >= 0 else { throw Failed(code: errno) }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
