import FoundationEssentials

/// Asks a relay through its admin socket or its HTTP listener, or tells it something. Blocks; for the command line.
///
/// Answers are given as the relay sent them, members of later versions included; one line without its newline.
public struct AdminClient: Sendable {
    private let address: AdminAddress
    private let timeout: Duration

    public init(_ address: AdminAddress, timeout: Duration = .seconds(5)) {
        self.address = address
        self.timeout = timeout
    }

    /// - Parameter path: with its query, escaped as in a URL.
    public func get(_ path: String) throws(AdminClientError) -> String { try exchange("GET", path, body: []) }

    public func post(_ path: String, _ order: some Encodable) throws(AdminClientError) -> String {
        let body: Data
        do {
            body = try JSONEncoder().encode(order)
        } catch {
            throw AdminClientError(address, reason: .unreadable("\(error)"))
        }
        return try exchange("POST", path, body: Array(body))
    }

    /// - Parameter body: as it is to be sent.
    public func post(_ path: String, body: [UInt8]) throws(AdminClientError) -> String {
        try exchange("POST", path, body: body)
    }

    /// An answer's JSON as the document it is.
    public func read<Document: Decodable>(
        _ json: String,
        as type: Document.Type = Document.self
    ) throws(AdminClientError) -> Document {
        do {
            return try JSONDecoder().decode(type, from: Data(json.utf8))
        } catch {
            throw AdminClientError(address, reason: .unreadable("\(error)"))
        }
    }

    /// Hands over what comes until the relay ends it. Throws what `take` throws, and AdminClientError.
    func stream(_ path: String, _ take: (ArraySlice<UInt8>) throws -> Void) throws {
        do {
            let exchange = AdminExchange(address, timeout: timeout)
            guard let answer = try exchange.stream(path, take) else { return }
            throw Self.refusal(answer, "GET", path)
        } catch let reason as AdminClientError.Reason {
            throw AdminClientError(address, reason: reason)
        }
    }

    private func exchange(_ method: String, _ path: String, body: [UInt8]) throws(AdminClientError) -> String {
        do throws(AdminClientError.Reason) {
            let exchange = AdminExchange(address, timeout: timeout)
            let answer = try exchange.ask(method, path, body: body)
            guard answer.status == 200 else { throw Self.refusal(answer, method, path) }
            return answer.line
        } catch {
            throw AdminClientError(address, reason: error)
        }
    }

    private static func refusal(
        _ answer: AdminExchange.Answer,
        _ method: String,
        _ path: String
    ) -> AdminClientError.Reason {
        switch answer.status {
        case 401: .unauthorized
        case 404, 405: .unknownRequest("\(method) \(path)")
        default: .refused(status: answer.status, answer.line)
        }
    }
}

extension AdminExchange.Answer {
    fileprivate var line: String {
        let text = String(decoding: body, as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
