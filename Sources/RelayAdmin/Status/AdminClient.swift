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
        do throws(AdminClientError.Reason) {
            let answer = try AdminExchange(socketPath: socketPath, timeout: timeout).get(AdminRoute.statusPath)
            guard answer.status == 200 else {
                throw .refused(status: answer.status, String(decoding: answer.body, as: UTF8.self))
            }
            return try decode(answer.body)
        } catch {
            throw AdminClientError(socketPath: socketPath, reason: error)
        }
    }

    private func decode(_ body: ArraySlice<UInt8>) throws(AdminClientError.Reason) -> StatusDocument {
        do {
            return try JSONDecoder().decode(StatusDocument.self, from: Data(body))
        } catch {
            throw .unreadable("\(error)")
        }
    }
}
