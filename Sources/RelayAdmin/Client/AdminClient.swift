import FoundationEssentials

/// Asks the relay on this machine through its admin socket, or tells it something. Blocks; for the command line.
///
/// Answers are given as the relay sent them, members of later versions included; one line without its newline.
public struct AdminClient: Sendable {
    private let socketPath: String
    private let timeout: Duration

    public init(socketPath: String, timeout: Duration = .seconds(5)) {
        self.socketPath = socketPath
        self.timeout = timeout
    }

    /// - Parameter path: with its query, escaped as in a URL.
    public func get(_ path: String) throws(AdminClientError) -> String { try exchange("GET", path, body: []) }

    public func post(_ path: String, _ order: some Encodable) throws(AdminClientError) -> String {
        let body: Data
        do {
            body = try JSONEncoder().encode(order)
        } catch {
            throw AdminClientError(socketPath: socketPath, reason: .unreadable("\(error)"))
        }
        return try exchange("POST", path, body: Array(body))
    }

    /// An answer's JSON as the document it is.
    public func read<Document: Decodable>(
        _ json: String,
        as type: Document.Type = Document.self
    ) throws(AdminClientError) -> Document {
        do {
            return try JSONDecoder().decode(type, from: Data(json.utf8))
        } catch {
            throw AdminClientError(socketPath: socketPath, reason: .unreadable("\(error)"))
        }
    }

    private func exchange(_ method: String, _ path: String, body: [UInt8]) throws(AdminClientError) -> String {
        do throws(AdminClientError.Reason) {
            let exchange = AdminExchange(socketPath: socketPath, timeout: timeout)
            let answer = try exchange.ask(method, path, body: body)
            let text = String(decoding: answer.body, as: UTF8.self)
            let line = text.hasSuffix("\n") ? String(text.dropLast()) : text
            switch answer.status {
            case 200: return line
            case 404, 405: throw AdminClientError.Reason.unknownRequest("\(method) \(path)")
            default: throw AdminClientError.Reason.refused(status: answer.status, line)
            }
        } catch {
            throw AdminClientError(socketPath: socketPath, reason: error)
        }
    }
}
