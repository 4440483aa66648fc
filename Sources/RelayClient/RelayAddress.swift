/// Where a relay takes agents: `ws://host:port/path`.
public struct RelayAddress: Hashable, Sendable {
    public static let defaultPath = "/v1/connect"

    /// An IPv6 address has no brackets here.
    public let host: String
    public let port: Int
    /// With the query, where there is one.
    public let path: String

    public enum Failure: Error, Equatable, Sendable, CustomStringConvertible {
        case malformed(String)
        case tls(String)

        public var description: String {
            switch self {
            case .malformed(let url):
                "\(url) is not an address of a relay; one looks like ws://127.0.0.1:8443/v1/connect"
            case .tls(let url): "\(url) asks for TLS, which this build cannot do yet; only ws:// works"
            }
        }
    }

    /// - Parameter url: port 80 where it names none, and `/v1/connect` where it has no path.
    public init(_ url: String) throws(Failure) {
        // What is in it goes into a request line and a header.
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), let scheme = url.firstRange(of: "://") else {
            throw .malformed(url)
        }
        switch url[..<scheme.lowerBound].lowercased() {
        case "ws": break
        case "wss": throw .tls(url)
        default: throw .malformed(url)
        }
        let rest = url[scheme.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard !rest.contains("#"), let (host, port) = Self.split(rest[..<end]) else { throw .malformed(url) }
        self.host = String(host)
        self.port = port
        let path = rest[end...]
        self.path = path.isEmpty || path == "/" ? Self.defaultPath : path.first == "?" ? "/" + path : String(path)
    }

    /// "host:port" as the agent signs it (`auth:bound`, protocol section 5).
    public var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func split(_ authority: Substring) -> (host: Substring, port: Int)? {
        var host = authority
        var port = 80
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
    public var description: String { "ws://\(authority)\(path)" }
}
