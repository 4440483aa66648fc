import NIOHTTP1

extension AdminRoute {
    public static let challengePath = "/.well-known/acme-challenge/"

    /// What an authority is answered that looks for a proof (RFC 8555 section 8.3), whoever else asks.
    /// - Parameter answer: to a token; nil where none is wanted.
    public static func challenge(_ answer: @escaping @Sendable (Substring) -> String?) -> AdminRoute {
        AdminRoute { request in
            guard let answer = answer(request.path.dropFirst(challengePath.count)) else {
                return .text(.notFound, "No such proof is wanted.")
            }
            return AdminResponse(.ok, contentType: "application/octet-stream", body: Array(answer.utf8))
        }
    }
}
