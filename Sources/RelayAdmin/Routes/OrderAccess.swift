import NIOCore
import NIOHTTP1

/// Who may ask and order on a port, which has no owner as the socket's file has: who has the token, from wherever.
///
/// A browser that a name led here which resolves to this machine (DNS rebinding) gains its page nothing: it sends a
/// token of its own accord to nobody.
public struct OrderAccess: Sendable {
    private let token: BearerToken
    private let told: @Sendable (HTTPFault, AdminRequest) -> Void

    /// - Parameter told: of who is refused, on the admin event loop.
    public init(token: BearerToken, told: @escaping @Sendable (HTTPFault, AdminRequest) -> Void) {
        self.token = token
        self.told = told
    }

    /// All of them, every method.
    public func guarding(_ routes: [String: AdminRoute]) -> [String: AdminRoute] {
        routes.mapValues { $0.guarded(by: self) }
    }

    func hasToken(_ headers: HTTPHeaders) -> Bool { token.isCarried(by: headers) }

    /// nil for who is let in.
    func refusal(of request: AdminRequest) -> AdminResponse? {
        guard !isOfAnotherPage(request.headers) else {
            told(.foreignPage, request)
            return .text(.forbidden, "Not for pages of another origin.", headers: Self.uncached)
        }
        guard !hasToken(request.headers) else { return nil }
        told(.unauthorized, request)
        let hasOther = request.headers.contains(name: "authorization")
        let text =
            hasOther
            ? "Not the token of admin.token_file." : "With Authorization: Bearer and the token of admin.token_file."
        return .text(.unauthorized, text, headers: Self.challenge)
    }

    /// Browsers say which page asks, where it is not of the host that is asked.
    private func isOfAnotherPage(_ headers: HTTPHeaders) -> Bool {
        headers["origin"].contains { origin in
            let host = headers.first(name: "host")?.lowercased() ?? ""
            return !["http://", "https://"].contains { origin.lowercased() == $0 + host }
        }
    }

    static let uncached: HTTPHeaders = ["cache-control": "no-store", "x-content-type-options": "nosniff"]
    private static let challenge: HTTPHeaders = [
        "cache-control": "no-store", "www-authenticate": "Bearer realm=\"moltrelay admin\"",
    ]
}
