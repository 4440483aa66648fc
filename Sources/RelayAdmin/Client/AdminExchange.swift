import Glibc

/// One request and its answer over a Unix socket of its own. The answer ends where the connection does.
struct AdminExchange {
    struct Answer {
        var status: Int
        var body: ArraySlice<UInt8>
    }

    private static let maxAnswerBytes = 4 << 20

    private let socketPath: String
    private let deadline: ContinuousClock.Instant

    init(socketPath: String, timeout: Duration) {
        self.socketPath = socketPath
        deadline = ContinuousClock.now + timeout
    }

    func ask(_ method: String, _ path: String, body: [UInt8]) throws(AdminClientError.Reason) -> Answer {
        let head =
            "\(method) \(path) HTTP/1.1\r\nhost: relay\r\nconnection: close\r\ncontent-length: \(body.count)\r\n\r\n"
        let bytes: [UInt8]
        do throws(SystemFailure) {
            let descriptor = try UnixSocket.connect(to: socketPath)
            defer { close(descriptor) }
            try send(Array(head.utf8) + body, on: descriptor)
            bytes = try receiveAll(from: descriptor)
        } catch {
            throw AdminClientError.Reason(code: error.code)
        }
        return try Self.answer(bytes)
    }

    private func send(_ bytes: [UInt8], on descriptor: Int32) throws(SystemFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 { rest = rest.dropFirst(count) } else { try wait(for: POLLOUT, on: descriptor) }
        }
    }

    private func receiveAll(from descriptor: Int32) throws(SystemFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while bytes.count <= Self.maxAnswerBytes {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count != 0 else { return bytes }
            if count > 0 { bytes += chunk[..<count] } else { try wait(for: POLLIN, on: descriptor) }
        }
        throw SystemFailure(code: EMSGSIZE)
    }

    /// After a call that returned -1: waits where that only means "not yet".
    private func wait(for event: Int32, on descriptor: Int32) throws(SystemFailure) {
        guard errno == EAGAIN || errno == EINTR else { throw SystemFailure(code: errno) }
        let left = (deadline - .now) / .milliseconds(1)
        var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        guard left > 0, poll(&entry, 1, Int32(min(left.rounded(.up), 1e9))) != 0 else {
            throw SystemFailure(code: ETIMEDOUT)
        }
    }

    /// The admin server always gives a body its length and never a transfer coding.
    private static func answer(_ bytes: [UInt8]) throws(AdminClientError.Reason) -> Answer {
        let separator = Array("\r\n\r\n".utf8)
        let starts = bytes.indices.dropLast(separator.count - 1)
        guard let end = starts.first(where: { bytes[$0...].starts(with: separator) }),
            let firstLine = bytes[..<end].split(separator: UInt8(ascii: "\r")).first
        else { throw .unreadable("the answer is cut short") }
        let words = String(decoding: firstLine, as: UTF8.self).split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw .unreadable("the answer is not HTTP")
        }
        return Answer(status: status, body: bytes[(end + separator.count)...])
    }
}
