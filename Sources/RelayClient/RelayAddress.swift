/// Where a relay takes agents: `wss://host:port/path`, or `ws://` without TLS.
public struct RelayAddress: Hashable, Sendable {
    public static let defaultPath = "/v1/connect"

    /// An IPv6 address has no brackets here.
    public let host: String
    public let port: Int
    /// With the query, where there is one.
    public let path: String
    public let isTLS: Bool

    public enum Failure: Error, Equatable, Sendable, CustomStringConvertible {
        case malformed(String)

        public var description: String {
            switch self {
            case .malformed(let url):
                "\(url) is not an address of a relay; one looks like wss://relay.example/v1/connect, without TLS "
                    + "ws://127.0.0.1:8443/v1/connect"
            }
        }
    }

    /// - Parameter url: port 443 where it names none, 80 without TLS, and `/v1/connect` where it has no path.
    public init(_ url: String) throws(Failure) {
        // What is in it goes into a request line and a header.
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), let scheme = url.firstRange(of: "://") else {
            throw .malformed(url)
        }
        switch url[..<scheme.lowerBound].lowercased() {
        case "ws": isTLS = false
        case "wss": isTLS = true
        default: throw .malformed(url)
        }
        let rest = url[scheme.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard !rest.contains("#"), let (host, port) = Self.split(rest[..<end], defaultPort: isTLS ? 443 : 80) else {
            throw .malformed(url)
        }
        self.host = String(host)
        self.port = port
        let path = rest[end...]
        self.path = path.isEmpty || path == "/" ? Self.defaultPath : path.first == "?" ? "/" + path : String(path)
    }

    /// "host:port" as the agent signs it (`auth:bound`, protocol section 5).
    public var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func split(_ authority: Substring, defaultPort: Int) -> (host: Substring, port: Int)? {
        var host = authority
        var port = defaultPort
        let afterBrackets = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[afterBrackets...].lastIndex(of: ":") {
            host = authority[..<colon]
            guard let number = UInt16(authority[authority.index(after: colon)...]), number > 0 else { return nil }
            port = Int(number)
        }
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains(where: { "@[]".contains($0) }) else { return nil }
        return (host, port)
    }
}

extension RelayAddress: CustomStringConvertible {
    public var description: String { "\(isTLS ? "wss" : "ws")://\(authority)\(path)" }
}
