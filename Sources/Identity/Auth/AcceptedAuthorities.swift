/// The names under which agents may have dialled this relay. An agent signs the one it dialled, so that a hostile relay
/// which passes our challenge on to it gets a signature that is of no use here.
public enum AcceptedAuthorities: Sendable, Equatable {
    /// Only where nobody outside this machine can dial.
    case any
    /// `host`, which is good for every port, or `host:port`. `*.` in front stands for one label, as in a certificate.
    case names([String])

    /// - Parameters:
    ///   - publicNames: `server.public_names`, nil where unset.
    ///   - listensOnLoopback: the listener's address is one of loopback.
    ///   - certificateNames: the DNS names and addresses of the listener's certificate.
    public init(publicNames: [String]?, listensOnLoopback: Bool, certificateNames: [String] = []) {
        if let publicNames {
            self = .names(publicNames)
        } else if listensOnLoopback {
            self = .any
        } else {
            self = .names(certificateNames)
        }
    }

    /// - Parameter authority: "host:port" as the agent signed it.
    public func accepts(_ authority: String) -> Bool {
        switch self {
        case .any: true
        case .names(let names):
            names.contains { name in Self.name(Self.lowercased(name), covers: Self.lowercased(authority)) }
        }
    }

    private static func name(_ name: [UInt8], covers authority: [UInt8]) -> Bool {
        let (nameHost, namePort) = split(name)
        let (host, port) = split(authority)
        guard namePort == nil || namePort == port, !host.isEmpty else { return false }
        guard nameHost.starts(with: "*.".utf8) else { return nameHost == host }
        guard let dot = host.firstIndex(of: UInt8(ascii: ".")), dot > host.startIndex else { return false }
        return host[dot...] == nameHost.dropFirst()
    }

    /// The port after the last colon; an IPv6 address has its colons in brackets, and without them it is all host.
    private static func split(_ authority: [UInt8]) -> (host: ArraySlice<UInt8>, port: ArraySlice<UInt8>?) {
        let colons = authority.indices.filter { authority[$0] == UInt8(ascii: ":") }
        guard let last = colons.last else { return (authority[...], nil) }
        if authority.first == UInt8(ascii: "[") {
            guard let end = authority.firstIndex(of: UInt8(ascii: "]")) else { return (authority[...], nil) }
            let address = authority[1..<end]
            return last > end ? (address, authority[(last + 1)...]) : (address, nil)
        }
        guard colons.count == 1 else { return (authority[...], nil) }
        return (authority[..<last], authority[(last + 1)...])
    }

    /// Host names compare without case in ASCII only.
    private static func lowercased(_ text: String) -> [UInt8] {
        text.utf8.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
    }
}
