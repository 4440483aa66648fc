import Glibc

/// A UDP socket to a host that may have several addresses; only the thread that owns it uses it.
struct StatsdSocket: ~Copyable {
    enum Sending: Equatable {
        case sent
        case lost(errno: Int32)
    }

    private struct Address {
        var storage = sockaddr_storage()
        var length: socklen_t = 0
    }

    private var addresses: [Address] = []
    private var current = 0
    private var descriptor: Int32 = -1

    deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

    var isOpen: Bool { descriptor >= 0 }

    /// Of the address in use.
    var isLoopback: Bool {
        guard !addresses.isEmpty else { return false }
        let storage = addresses[current].storage
        return withUnsafeBytes(of: storage) { bytes in
            switch Int32(storage.ss_family) {
            case AF_INET: bytes[4] == 127
            case AF_INET6: bytes[8..<23].allSatisfy { $0 == 0 } && bytes[23] == 1
            default: false
            }
        }
    }

    /// Asks the resolver, which may take its time. What was known before stays where it has no answer.
    /// - Returns: what the resolver said instead of an address.
    mutating func resolve(host: String, port: Int) -> String? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else { return String(cString: gai_strerror(code)) }
        defer { freeaddrinfo(list) }
        var found: [Address] = []
        var entry = list
        while let info = entry?.pointee {
            var address = Address()
            address.length = info.ai_addrlen
            memcpy(&address.storage, info.ai_addr, Int(info.ai_addrlen))
            found.append(address)
            entry = info.ai_next
        }
        if !isOpen || !contains(found) { open(found) }
        return nil
    }

    /// Never waits. `refused` is called where an earlier datagram came back; then the next address has its turn.
    mutating func send(_ bytes: [UInt8], refused: () -> Void) -> Sending {
        var result = trySending(bytes)
        for _ in 0..<2 {
            guard result == .lost(errno: ECONNREFUSED) else { return result }
            // The error is an earlier datagram's; this one has not been tried.
            refused()
            openNext()
            result = trySending(bytes)
        }
        return result
    }

    private func trySending(_ bytes: [UInt8]) -> Sending {
        guard isOpen else { return .lost(errno: ENOTCONN) }
        let count = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        return count == bytes.count ? .sent : .lost(errno: errno)
    }

    /// Whether the address in use is still one of the host's.
    private func contains(_ found: [Address]) -> Bool {
        found.contains { candidate in
            var (lhs, rhs) = (candidate.storage, addresses[current].storage)
            return candidate.length == addresses[current].length
                && memcmp(&lhs, &rhs, Int(candidate.length)) == 0
        }
    }

    private mutating func open(_ found: [Address]) {
        addresses = found
        current = -1
        openNext()
    }

    /// The next address to which a socket can be made; none where there is no such.
    private mutating func openNext() {
        for _ in addresses {
            current = (current + 1) % addresses.count
            if connectToCurrent() { return }
        }
    }

    private mutating func connectToCurrent() -> Bool {
        if descriptor >= 0 { Glibc.close(descriptor) }
        var address = addresses[current]
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
        descriptor = socket(Int32(address.storage.ss_family), type, 0)
        guard descriptor >= 0 else { return false }
        let connected = withUnsafePointer(to: &address.storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, address.length) }
        }
        if connected != 0 {
            Glibc.close(descriptor)
            descriptor = -1
        }
        return connected == 0
    }
}
