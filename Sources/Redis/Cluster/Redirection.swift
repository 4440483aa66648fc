/// What a node answers to a command for a slot that it has not, or not wholly. It has done nothing then.
enum Redirection: Equatable {
    typealias Address = RedisSettings.Address

    /// The slot is there now.
    case moved(Address)
    /// This command alone goes there; the slot is on its way.
    case ask(Address)
    /// The slot is on its way, and its keys in two places, or no node has it.
    case unsettled

    /// - Parameter node: who answered: an empty host is its own.
    init?(_ failure: RedisFailure, from node: Address) {
        switch failure {
        case .command(let text):
            let words = text.split(separator: " ")
            guard words.count >= 3, let address = Address(words[2], of: node) else { return nil }
            switch words[0] {
            case "MOVED": self = .moved(address)
            case "ASK": self = .ask(address)
            default: return nil
            }
        case .temporary(let text) where text.hasPrefix("TRYAGAIN") || text.hasPrefix("CLUSTERDOWN"): self = .unsettled
        default: return nil
        }
    }
}

extension RedisSettings.Address {
    /// `host:port`; of an IPv6 address too, which nodes tell without brackets.
    fileprivate init?(_ text: Substring, of node: Self) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) else { return nil }
        let host = text[..<colon]
        self.init(host: host.isEmpty || host == "?" ? node.host : String(host), port: port)
    }
}
