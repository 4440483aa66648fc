import Glibc
import RelayTLS

/// A connection to the relay, its bytes in the clear. Waits: until the deadline, or for as long as it takes.
final class AdminWire {
    private let descriptor: Int32
    private let tls: TLSStream?
    private let deadline: ContinuousClock.Instant

    init(to address: AdminAddress, by deadline: ContinuousClock.Instant) throws(AdminClientError.Reason) {
        self.deadline = deadline
        switch address {
        case .socket(let path):
            do throws(SystemFailure) {
                descriptor = try UnixSocket.connect(to: path)
            } catch {
                throw AdminClientError.Reason(code: error.code)
            }
            tls = nil
        case .port(let port):
            descriptor = try TCPSocket.connect(host: port.host, port: port.port, by: deadline)
            do throws(TLSFailure) {
                tls = try port.tls.map { client throws(TLSFailure) in try TLSStream(client, to: port.host) }
            } catch {
                close(descriptor)
                throw AdminClientError.Reason(error)
            }
        }
        try shakeHands()
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws(AdminClientError.Reason) {
        guard let tls else { return try write(bytes) }
        try secure { () throws(TLSFailure) in try tls.write(bytes) }
        try write(tls.takeOutput())
    }

    /// Empty where the other side closed.
    func receive(isPatient: Bool = false) throws(AdminClientError.Reason) -> [UInt8] {
        guard let tls else { return try read(isPatient: isPatient) }
        while !tls.hasEnded {
            let ciphertext = try read(isPatient: isPatient)
            guard !ciphertext.isEmpty else { throw .insecure("the connection was cut off") }
            let bytes = try secure { () throws(TLSFailure) in try tls.received(ciphertext) }
            if !bytes.isEmpty { return bytes }
        }
        return []
    }

    private func shakeHands() throws(AdminClientError.Reason) {
        guard let tls else { return }
        try write(tls.takeOutput())
        while !tls.isOpen {
            let ciphertext = try read(isPatient: false)
            guard !ciphertext.isEmpty else { throw .insecure("the connection ended during the TLS handshake") }
            let early = try secure { () throws(TLSFailure) in try tls.received(ciphertext) }
            // A server speaks when it is asked.
            guard early.isEmpty else { throw .unreadable("an answer came before the question") }
            try write(tls.takeOutput())
        }
    }

    private func secure<Value>(_ body: () throws(TLSFailure) -> Value) throws(AdminClientError.Reason) -> Value {
        do {
            return try body()
        } catch {
            // An alert, where there is one to send.
            if let output = tls?.takeOutput(), !output.isEmpty { try? write(output) }
            throw AdminClientError.Reason(error)
        }
    }

    private func write(_ bytes: [UInt8]) throws(AdminClientError.Reason) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 { rest = rest.dropFirst(count) } else { try wait(for: POLLOUT, isPatient: false) }
        }
    }

    private func read(isPatient: Bool) throws(AdminClientError.Reason) -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count < 0 else { return Array(chunk[..<count]) }
            try wait(for: POLLIN, isPatient: isPatient)
        }
    }

    /// After a call that returned -1: waits where that only means "not yet".
    private func wait(for event: Int32, isPatient: Bool) throws(AdminClientError.Reason) {
        guard errno == EAGAIN || errno == EINTR else { throw AdminClientError.Reason(code: errno) }
        let left = isPatient ? 1e9 : (deadline - .now) / .milliseconds(1)
        var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        guard left > 0, poll(&entry, 1, Int32(min(left.rounded(.up), 1e9))) != 0 || isPatient else {
            throw .timedOut
        }
    }
}

extension AdminClientError.Reason {
    fileprivate init(_ failure: TLSFailure) {
        self = failure.isOtherName ? .otherName(failure.reason) : .insecure(failure.reason)
    }
}
