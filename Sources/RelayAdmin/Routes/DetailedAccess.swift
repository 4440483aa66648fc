public import NIOCore
public import NIOHTTP1

/// Who may see every check with its errors: this machine, and who has the token.
public struct DetailedAccess: Sendable {
    private let token: [UInt8]?

    /// - Parameter token: what `Authorization: Bearer` must carry from elsewhere; nil or empty lets nobody in.
    public init(token: String?) {
        self.token = token.flatMap { $0.isEmpty ? nil : Array($0.utf8) }
    }

    /// What somebody is told who may not.
    var rule: String { "Only from this machine" + (token == nil ? "." : ", or with the bearer token.") }

    /// A proxy on this machine speaks for somebody else, and says so.
    public func allows(peer: SocketAddress?, headers: HTTPHeaders) -> Bool {
        let isForwarded = headers.contains(name: "x-forwarded-for") || headers.contains(name: "forwarded")
        return peer.map(isLocal) == true && !isForwarded || carriesToken(headers)
    }

    private func isLocal(_ peer: SocketAddress) -> Bool {
        switch peer {
        case .unixDomainSocket: return true
        case .v4, .v6:
            guard let address = peer.ipAddress else { return false }
            return address == "::1" || address.hasPrefix("127.") || address.hasPrefix("::ffff:127.")
        }
    }

    private func carriesToken(_ headers: HTTPHeaders) -> Bool {
        guard let token, let given = headers.first(name: "authorization") else { return false }
        let parts = given.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
        return isEqual(Array(parts[1].utf8), token)
    }

    /// In a time that does not tell how much of the token was right.
    private func isEqual(_ given: [UInt8], _ token: [UInt8]) -> Bool {
        guard given.count == token.count else { return false }
        return zip(given, token).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
