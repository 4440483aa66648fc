import Glibc

/// A blocking TCP socket to loopback, as raw as a test wants it. Gives up after 20 s.
final class TestSocket {
    private(set) var descriptor: Int32

    struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ call: String) { description = "\(call): \(String(cString: strerror(errno)))" }
    }

    /// - Parameter receiveBuffer: bytes the kernel keeps for a reader that does not read; nil for its own choice.
    init(port: Int, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure("socket") }
        if let receiveBuffer { try set(SO_RCVBUF, receiveBuffer) }
        try set(SO_RCVTIMEO, timeval(tv_sec: 20, tv_usec: 0))
        try set(SO_SNDTIMEO, timeval(tv_sec: 20, tv_usec: 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure("connect") }
    }

    deinit { close() }

    private func set<Value>(_ option: Int32, _ value: Value) throws {
        let result = withUnsafeBytes(of: value) {
            setsockopt(descriptor, SOL_SOCKET, option, $0.baseAddress, socklen_t($0.count))
        }
        guard result == 0 else { throw Failure("setsockopt") }
    }

    func write(_ bytes: some Collection<UInt8>) throws {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure("send") }
            rest = rest.dropFirst(count)
        }
    }

    /// What the kernel takes now, without waiting.
    func writeWhatFits(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes { bytes in
            let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
            return max(0, send(descriptor, bytes.baseAddress, bytes.count, flags))
        }
    }

    /// - Returns: nothing at the end of the stream.
    func read(upTo limit: Int = 65_536) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            let received = recv(descriptor, buffer.baseAddress, limit, 0)
            guard received >= 0 else { throw Failure("recv") }
            count = received
        }
    }

    func readToEnd() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let piece = try read()
            guard !piece.isEmpty else { return bytes }
            bytes += piece
        }
    }

    func endWrites() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// RST, as of a machine that lost power and came back.
    func reset() throws {
        try set(SO_LINGER, linger(l_onoff: 1, l_linger: 0))
        close()
    }

    func close() {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
    }
}
