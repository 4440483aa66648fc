import Glibc

/// One request and its answer over a connection of its own. The answer ends where the connection does.
///
/// Asks by HTTP/1.0, in which a body ends with its connection and has no transfer coding, through proxies too.
struct AdminExchange {
    struct Answer {
        var status: Int
        var body: ArraySlice<UInt8>
    }

    /// A page of a queue with the largest message there may be, in base64.
    private static let maxAnswerBytes = 32 << 20
    private static let maxHeadBytes = 16 * 1024

    private let address: AdminAddress
    private let deadline: ContinuousClock.Instant

    init(_ address: AdminAddress, timeout: Duration) {
        self.address = address
        deadline = ContinuousClock.now + timeout
    }

    /// Hands over the body of a 200 as it comes, however long that takes; gives another answer back.
    func stream(_ path: String, _ take: (ArraySlice<UInt8>) throws -> Void) throws -> Answer? {
        let wire = try AdminWire(to: address, by: deadline)
        try wire.send(head("GET", path))
        let answer = try Self.answer(receiveHead(wire))
        guard answer.status == 200 else {
            return Answer(status: answer.status, body: answer.body + (try receiveAll(wire)))
        }
        if !answer.body.isEmpty { try take(answer.body) }
        while case let piece = try wire.receive(isPatient: true), !piece.isEmpty { try take(piece[...]) }
        return nil
    }

    func ask(_ method: String, _ path: String, body: [UInt8]) throws(AdminClientError.Reason) -> Answer {
        let wire = try AdminWire(to: address, by: deadline)
        try wire.send(head(method, path, "content-length: \(body.count)\r\n") + body)
        return try Self.answer(try receiveAll(wire))
    }

    private func head(_ method: String, _ path: String, _ more: String = "") -> [UInt8] {
        let host: String
        switch address {
        case .socket: host = "host: relay\r\n"
        case .port(let port): host = "host: \(port.authority)\r\nauthorization: Bearer \(port.token)\r\n"
        }
        return Array("\(method) \(path) HTTP/1.0\r\n\(host)\(more)\r\n".utf8)
    }

    private func receiveAll(_ wire: AdminWire) throws(AdminClientError.Reason) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= Self.maxAnswerBytes {
            let piece = try wire.receive()
            guard !piece.isEmpty else { return bytes }
            bytes += piece
        }
        throw AdminClientError.Reason(code: EMSGSIZE)
    }

    /// And what came with it.
    private func receiveHead(_ wire: AdminWire) throws(AdminClientError.Reason) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= Self.maxHeadBytes, Self.endOfHead(in: bytes) == nil {
            let piece = try wire.receive()
            guard !piece.isEmpty else { break }
            bytes += piece
        }
        return bytes
    }

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
