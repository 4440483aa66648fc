import Glibc
import Synchronization

/// For a program that must be told its port and cannot say which one it got.
public enum FreePort {
    struct None: Error {}

    /// Below those that Linux hands out by itself, so that nobody is given one between its choice and its use.
    private static let ports = 10_000..<32_768
    /// Test processes that run at once begin in different places.
    private static let turn = Atomic(Int(getpid()) &* 61)

    /// Another one for each caller.
    public static func udp() throws -> Int { try next(SOCK_DGRAM) }

    public static func tcp() throws -> Int { try next(SOCK_STREAM) }

    private static func next(_ type: __socket_type) throws -> Int {
        for _ in ports {
            let turn = turn.add(1, ordering: .relaxed).newValue
            let port = ports.lowerBound + turn % ports.count
            if isFree(port, type) { return port }
        }
        throw None()
    }

    private static func isFree(_ port: Int, _ type: __socket_type) -> Bool {
        let descriptor = socket(AF_INET, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
