package import NIOCore

/// Whose word counts for where a client comes from. Only a proxy's of these networks; from any other address the
/// address itself.
public struct ProxyTrust: Sendable {
    /// How the proxies say it. Never guessed (PROXY protocol section 2): who could choose would choose its address.
    public enum Header: Sendable, Equatable {
        case proxyProtocol, forwardedFor
    }

    private let header: Header?
    private let networks: [AddressBlock]

    package init(_ header: Header, networks: [AddressBlock]) {
        self.header = header
        self.networks = networks
    }

    private init() { (header, networks) = (nil, []) }

    /// There is no proxy.
    public static let none = ProxyTrust()

    /// What a socket from there is to bring; nil where its own address counts.
    package func header(from peer: SocketAddress?) -> Header? {
        guard let header, let peer, trusts(peer) else { return nil }
        return header
    }

    /// Before the first word of a trusted proxy's connection.
    package var expectsHeaders: Bool { header == .proxyProtocol }

    package func trusts(_ address: SocketAddress) -> Bool { networks.contains { $0.contains(address) } }
}
