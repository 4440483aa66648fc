import Glibc

/// A system call that failed.
struct SystemFailure: Error, Equatable {
    /// As errno gave it.
    var code: Int32
}

enum UnixSocket {
    /// `sun_path` less its terminating zero.
    static let maxPathBytes = 107

    /// A stream socket, non-blocking, connected. With a server whose backlog is full this fails with EAGAIN.
    static func connect(to path: String) throws(SystemFailure) -> Int32 {
        let descriptor = try open()
        guard try withAddress(path, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
            let code = errno
            close(descriptor)
            throw SystemFailure(code: code)
        }
        return descriptor
    }

    /// The process that listens on the other side.
    static func peerProcess(of descriptor: Int32) -> Int32? {
        // struct ucred: pid, uid, gid.
        var credentials: [Int32] = [0, 0, 0]
        var length = socklen_t(12)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else { return nil }
        return credentials[0] > 0 ? credentials[0] : nil
    }

    static func open() throws(SystemFailure) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw SystemFailure(code: errno) }
        return descriptor
    }

    static func withAddress(
        _ path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(SystemFailure) -> Int32 {
        guard path.utf8.count <= maxPathBytes else { throw SystemFailure(code: ENAMETOOLONG) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
