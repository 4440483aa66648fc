import Glibc

/// One request and its answer over a Unix socket of its own. The answer ends where the connection does.
struct AdminExchange {
    struct Answer {
        var status: Int
        var body: ArraySlice<UInt8>
    }

    /// A page of a queue with the largest message there may be, in base64.
    private static let maxAnswerBytes = 32 << 20
    private static let maxHeadBytes = 16 * 1024

    private let socketPath: String
    private let deadline: ContinuousClock.Instant

    init(socketPath: String, timeout: Duration) {
        self.socketPath = socketPath
        deadline = ContinuousClock.now + timeout
    }

    /// Hands over the body of a 200 as it comes, however long that takes; gives another answer back.
    ///
    /// Asks by HTTP/1.0, in which a body ends with its connection and has no transfer coding.
    func stream(_ path: String, _ take: (ArraySlice<UInt8>) throws -> Void) throws -> Answer? {
        do {
            let descriptor = try UnixSocket.connect(to: socketPath)
            defer { close(descriptor) }
            try send(Array("GET \(path) HTTP/1.0\r\nhost: relay\r\n\r\n".utf8), on: descriptor)
            let answer = try Self.answer(receiveHead(from: descriptor))
            guard answer.status == 200 else {
                return Answer(status: answer.status, body: answer.body + (try receiveAll(from: descriptor)))
            }
            try take(answer.body)
            while case let piece = try receive(from: descriptor, isPatient: true), !piece.isEmpty {
                try take(piece[...])
            }
            return nil
        } catch let failure as SystemFailure {
            throw AdminClientError.Reason(code: failure.code)
        }
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
        while bytes.count <= Self.maxAnswerBytes {
            let piece = try receive(from: descriptor)
            guard !piece.isEmpty else { return bytes }
            bytes += piece
        }
        throw SystemFailure(code: EMSGSIZE)
    }

    /// And what came with it.
    private func receiveHead(from descriptor: Int32) throws(SystemFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= Self.maxHeadBytes, Self.endOfHead(in: bytes) == nil {
            let piece = try receive(from: descriptor)
            guard !piece.isEmpty else { break }
            bytes += piece
        }
        return bytes
    }

    /// Empty where the other side closed.
    private func receive(from descriptor: Int32, isPatient: Bool = false) throws(SystemFailure) -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count < 0 else { return Array(chunk[..<count]) }
            try wait(for: POLLIN, on: descriptor, isPatient: isPatient)
        }
    }

    /// After a call that returned -1: waits where that only means "not yet".
    private func wait(for event: Int32, on descriptor: Int32, isPatient: Bool = false) throws(SystemFailure) {
        guard errno == EAGAIN || errno == EINTR else { throw SystemFailure(code: errno) }
        let left = isPatient ? 1e9 : (deadline - .now) / .milliseconds(1)
        var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        guard left > 0, poll(&entry, 1, Int32(min(left.rounded(.up), 1e9))) != 0 || isPatient else {
            throw SystemFailure(code: ETIMEDOUT)
        }
    }

    /// The admin server gives a body its length, or closes after it; never a transfer coding to who asks as above.
    private static func answer(_ bytes: [UInt8]) throws(AdminClientError.Reason) -> Answer {
        guard let end = endOfHead(in: bytes), let firstLine = bytes[..<end].split(separator: UInt8(ascii: "\r")).first
        else { throw .unreadable("the answer is cut short") }
        let words = String(decoding: firstLine, as: UTF8.self).split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw .unreadable("the answer is not HTTP")
        }
        return Answer(status: status, body: bytes[end...])
    }

    private static func endOfHead(in bytes: [UInt8]) -> Int? {
        let separator = Array("\r\n\r\n".utf8)
        let starts = bytes.indices.dropLast(separator.count - 1)
        return starts.first { bytes[$0...].starts(with: separator) }.map { $0 + separator.count }
    }
}
