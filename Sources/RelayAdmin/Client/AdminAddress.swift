public import RelayTLS

/// Where the command line finds a relay.
public enum AdminAddress: Sendable, CustomStringConvertible {
    /// On this machine, by the path of its admin socket.
    case socket(String)
    case port(AdminPort)

    public var description: String {
        switch self {
        case .socket(let path): path
        case .port(let port): port.description
        }
    }
}

/// `admin.http` of a relay, straight or through a proxy.
public struct AdminPort: Sendable, CustomStringConvertible {
    public var host: String
    public var port: Int
    public var token: String
    /// nil for http://.
    public var tls: TLSClient?

    public init(host: String, port: Int, token: String, tls: TLSClient?) {
        self.host = host
        self.port = port
        self.token = token
        self.tls = tls
    }

    public var description: String { "\(tls == nil ? "http" : "https")://\(authority)" }

    var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
