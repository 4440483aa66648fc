import Glibc

enum TCPSocket {
    /// Non-blocking, connected to the first of the host's addresses that answers.
    static func connect(
        host: String,
        port: Int,
        by deadline: ContinuousClock.Instant
    ) throws(AdminClientError.Reason) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "\(port)", &hints, &found)
        guard code == 0 else { throw .unresolved(String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(found) }
        var (entry, failure) = (found, SystemFailure(code: EHOSTUNREACH))
        while let address = entry?.pointee {
            do throws(SystemFailure) {
                return try connect(address, deadline)
            } catch {
                failure = error
            }
            entry = address.ai_next
        }
        throw AdminClientError.Reason(code: failure.code)
    }

    private static func connect(
        _ address: addrinfo,
        _ deadline: ContinuousClock.Instant
    ) throws(SystemFailure) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.ai_family, type, 0)
        guard descriptor >= 0 else { throw SystemFailure(code: errno) }
        do throws(SystemFailure) {
            guard Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) != 0 else { return descriptor }
            guard errno == EINPROGRESS else { throw SystemFailure(code: errno) }
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            let left = max(0, (deadline - .now) / .milliseconds(1))
            guard poll(&entry, 1, Int32(min(left.rounded(.up), 1e9))) > 0 else { throw SystemFailure(code: ETIMEDOUT) }
            var (code, length) = (Int32(0), socklen_t(4))
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
            guard code == 0 else { throw SystemFailure(code: code) }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }
}
