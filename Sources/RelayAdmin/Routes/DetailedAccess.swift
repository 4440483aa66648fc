public import NIOCore
public import NIOHTTP1

/// Who may see every check with its errors: this machine, and who has the token.
public struct DetailedAccess: Sendable {
    private let token: BearerToken?

    /// - Parameter token: lets others in; nil lets nobody.
    public init(token: BearerToken?) { self.token = token }

    /// What somebody is told who may not.
    var rule: String {
        "Only from this machine, as localhost" + (token == nil ? "." : ", or with the bearer token.")
    }

    /// Whether somebody from elsewhere can be let in at all.
    var hasToken: Bool { token != nil }

    /// A proxy on this machine speaks for somebody else, and says so. A browser on this machine may speak for a page of
    /// somebody else, whose name resolves to here (DNS rebinding): the host it asks for is that name.
    public func allows(peer: SocketAddress?, headers: HTTPHeaders) -> Bool {
        let isForwarded = headers.contains(name: "x-forwarded-for") || headers.contains(name: "forwarded")
        return peer.map { isLocal($0) && isAskedAsLocal($0, headers) } == true && !isForwarded
            || token?.isCarried(by: headers) == true
    }

    private func isAskedAsLocal(_ peer: SocketAddress, _ headers: HTTPHeaders) -> Bool {
        if case .unixDomainSocket = peer { return true }
        return headers["host"].allSatisfy { host in
            let name = Self.withoutPort(host).lowercased()
            return name == "localhost" || name.hasSuffix(".localhost") || isLoopback(name)
        }
    }

    private static func withoutPort(_ host: String) -> Substring {
        guard !host.hasPrefix("[") else { return host.dropFirst().prefix { $0 != "]" } }
        return host.prefix { $0 != ":" }
    }

    private func isLocal(_ peer: SocketAddress) -> Bool {
        switch peer {
        case .unixDomainSocket: return true
        case .v4, .v6:
            return peer.ipAddress.map(isLoopback) ?? false
        }
    }

    /// - Parameter address: as text; a name that only begins like one is none.
    private func isLoopback(_ address: String) -> Bool {
        guard address != "::1" else { return true }
        let dotted = address.hasPrefix("::ffff:") ? address.dropFirst("::ffff:".count) : address[...]
        let parts = dotted.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
