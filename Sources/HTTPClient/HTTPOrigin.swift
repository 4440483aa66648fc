/// Where a client connects to.
public struct HTTPOrigin: Sendable, Hashable, CustomStringConvertible {
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// As it stands in `Host`.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// `http://host:port/path` or `https://...` of a configuration, in parts.
public struct HTTPEndpoint: Sendable, Hashable {
    public var origin: HTTPOrigin
    /// With its query; at least `/`.
    public var path: String
    public var isTLS: Bool

    public enum Unusable: Error, Equatable, CustomStringConvertible {
        case notHTTP
        case noHost
        case badPort(String)

        public var description: String {
            switch self {
            case .notHTTP: "is no http:// or https:// address"
            case .noHost: "names no host"
            case .badPort(let port): "has the port '\(port)'; a port is 1 to 65535"
            }
        }
    }

    /// - Parameter defaultPort: of http:// where the address names none; 443 of https://.
    public init(_ text: String, defaultPort: Int = 80) throws(Unusable) {
        isTLS = text.hasPrefix("https://")
        guard isTLS || text.hasPrefix("http://"), text.utf8.allSatisfy(Self.isVisible) else { throw .notHTTP }
        let rest = text.dropFirst(isTLS ? "https://".count : "http://".count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        path = String(rest.dropFirst(authority.count))
        if !path.hasPrefix("/") { path = "/" + path }
        guard !authority.contains("@") else { throw .notHTTP }
        origin = try Self.origin(authority, defaultPort: isTLS ? 443 : defaultPort)
    }

    /// Nothing else stands in an address (RFC 3986), and a NUL in a name would end it for the C library alone.
    private static func isVisible(_ byte: UInt8) -> Bool { 0x21...0x7E ~= byte }

    private static func origin(_ authority: Substring, defaultPort: Int) throws(Unusable) -> HTTPOrigin {
        var host = authority
        var port = ""
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            host = authority[authority.index(after: authority.startIndex)..<end]
            port = String(authority[authority.index(after: end)...].drop { $0 == ":" })
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            port = String(authority[authority.index(after: colon)...])
        }
        guard !host.isEmpty else { throw .noHost }
        guard !port.isEmpty else { return HTTPOrigin(host: String(host), port: defaultPort) }
        guard let number = Int(port), (1...65_535).contains(number) else { throw .badPort(port) }
        return HTTPOrigin(host: String(host), port: number)
    }
}
