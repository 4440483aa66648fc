import Listening

extension Rule {
    static let proxy = [
        error("server.proxy.header", "server.proxy.trusted_networks") { draft, _ in
            let proxy = draft.configuration.server.proxy
            guard proxy.header != .none, proxy.trustedNetworks.isEmpty else { return nil }
            return
                "server.proxy.header: \(proxy.header.rawValue) needs server.proxy.trusted_networks, the addresses that "
                + "the proxies connect from"
        },
        error("server.proxy.trusted_networks", "server.proxy.header") { draft, _ in
            let proxy = draft.configuration.server.proxy
            guard proxy.header == .none, !proxy.trustedNetworks.isEmpty else { return nil }
            return "server.proxy.trusted_networks does nothing alone: say server.proxy.header: proxy_protocol or "
                + "x_forwarded_for"
        },
        warning("server.proxy.trusted_networks") { draft, _ in
            guard let block = draft.configuration.server.proxy.trustedNetworks.first(where: \.isEveryAddress) else {
                return nil
            }
            return
                "server.proxy.trusted_networks: \(block.description) is everybody, so that anybody chooses the address "
                + "it counts under"
        },
    ]
}
