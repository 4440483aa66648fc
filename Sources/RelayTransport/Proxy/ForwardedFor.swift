import Listening
import NIOCore
import NIOHTTP1

/// `X-Forwarded-For`: each proxy appends the address it was connected from, so it is read from the right, and trusted
/// as far as the proxies that wrote it are.
enum ForwardedFor: Equatable {
    case client(SocketAddress)
    /// The proxy asks for itself.
    case absent
    case malformed

    init(_ headers: HTTPHeaders, _ trust: ProxyTrust) {
        let entries = headers["x-forwarded-for"].flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
        guard !entries.isEmpty else {
            self = .absent
            return
        }
        var client: SocketAddress?
        for entry in entries.reversed() {
            guard let address = Self.address(entry) else {
                self = .malformed
                return
            }
            client = address
            guard trust.trusts(address) else { break }
        }
        self = client.map(Self.client) ?? .absent
    }

    /// With or without a port, as some write it: `192.0.2.1:4711`, `[2001:db8::1]:4711`.
    private static func address(_ entry: Substring) -> SocketAddress? {
        var text = entry.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            guard isPort(text[text.index(after: end)...]) else { return nil }
            text = text[text.index(after: text.startIndex)..<end]
        } else if let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon {
            guard isPort(text[colon...]) else { return nil }
            text = text[..<colon]
        }
        return SocketAddress(digits: text, port: 0)
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.isEmpty || text.hasPrefix(":") && UInt16(text.dropFirst()) != nil
    }
}
