import NIOHTTP1
public import NIOPosix

extension AdminRoute {
    /// One message's id follows it.
    public static let messagesPath = "/v1/messages/"

    /// - Parameters:
    ///   - workers: where the search runs.
    ///   - find: nil for what is no message id.
    public static func messages(
        on workers: NIOThreadPool,
        find: @escaping @Sendable (String) -> MessageDocument?
    ) -> AdminRoute {
        AdminRoute(on: workers) { request in
            let id = request.path.split(separator: "/").last.map(String.init) ?? ""
            guard let document = find(id) else { return .text(.badRequest, "A message id is a UUID, not: \(id)") }
            return .json(.ok, document)
        }
    }
}

extension AdminClient {
    /// - Parameter id: a UUID.
    public func messageJSON(_ id: String) throws(AdminClientError) -> String { try get(AdminRoute.messagesPath + id) }
}
