import FoundationEssentials

/// Asks the relay on this machine through its admin socket. Blocks; for the command line.
public struct AdminClient: Sendable {
    private let socketPath: String
    private let timeout: Duration

    public init(socketPath: String, timeout: Duration = .seconds(5)) {
        self.socketPath = socketPath
        self.timeout = timeout
    }

    public func status() throws(AdminClientError) -> StatusDocument {
        try StatusDocument(answer: Array(statusJSON().utf8), from: socketPath)
    }

    /// As the relay sent it, members of later versions included; one line without its newline.
    public func statusJSON() throws(AdminClientError) -> String {
        do throws(AdminClientError.Reason) {
            let answer = try AdminExchange(socketPath: socketPath, timeout: timeout).get(AdminRoute.statusPath)
            let text = String(decoding: answer.body, as: UTF8.self)
            let line = text.hasSuffix("\n") ? String(text.dropLast()) : text
            guard answer.status == 200 else { throw .refused(status: answer.status, line) }
            return line
        } catch {
            throw AdminClientError(socketPath: socketPath, reason: error)
        }
    }
}

extension StatusDocument {
    fileprivate init(answer: [UInt8], from socketPath: String) throws(AdminClientError) {
        do {
            self = try JSONDecoder().decode(StatusDocument.self, from: Data(answer))
        } catch {
            throw AdminClientError(socketPath: socketPath, reason: .unreadable("\(error)"))
        }
    }
}
