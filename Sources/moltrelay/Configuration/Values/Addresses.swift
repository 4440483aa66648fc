import Glibc

/// Where to listen or to connect.
struct HostPort: Sendable, Equatable {
    /// A name or an IP address, IPv6 without its brackets.
    var host: String
    /// 0 to listen on any free port.
    var port: Int

    static func loopback(_ port: Int) -> HostPort { HostPort(host: "127.0.0.1", port: port) }

    /// Only processes of this machine reach it.
    var isLoopback: Bool { host == "localhost" || host == "::1" || (isIPv4(host) && host.hasPrefix("127.")) }

    var isEveryAddress: Bool { host == "0.0.0.0" || host == "::" }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(_ text: String, ports: ClosedRange<Int>) {
        guard let colon = text.lastIndex(of: ":"), let port = portNumber(text[text.index(after: colon)...]),
            ports.contains(port), let host = hostName(text[..<colon])
        else { return nil }
        self.init(host: host, port: port)
    }
}

private func portNumber(_ text: Substring) -> Int? {
    let isPlain = !text.isEmpty && text.utf8.count <= 5 && text.utf8.allSatisfy { (48...57).contains($0) }
    return isPlain ? Int(text) : nil
}

private func hostName(_ text: Substring) -> String? {
    guard text.hasPrefix("[") else { return isHost(String(text)) ? String(text) : nil }
    let inner = String(text.dropFirst().dropLast())
    return text.hasSuffix("]") && isIPv6(inner) ? inner : nil
}

/// An IPv4 address or a DNS name. All digits and dots is an address, and then a right one.
private func isHost(_ text: String) -> Bool {
    let looksNumeric = text.utf8.allSatisfy { (48...57).contains($0) || $0 == 46 }
    guard !looksNumeric else { return isIPv4(text) }
    return text.utf8.count <= 253 && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isLabel)
}

/// Underscores too: container networks resolve such names.
private func isLabel(_ label: Substring) -> Bool {
    (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
        && label.utf8.allSatisfy { byte in
            (97...122).contains(byte | 0x20) || (48...57).contains(byte) || byte == 45 || byte == 95
        }
}

private func isIPv4(_ text: String) -> Bool {
    var address = in_addr()
    return inet_pton(AF_INET, text, &address) == 1
}

private func isIPv6(_ text: String) -> Bool {
    var address = in6_addr()
    return inet_pton(AF_INET6, text, &address) == 1
}

extension ValueType where Value == HostPort {
    static var listenAddress: ValueType {
        address("an address and a port such as 127.0.0.1:8080 or [::1]:8080", ports: 0...65535, lone: "127.0.0.1")
    }

    static var remoteAddress: ValueType {
        address("a host and a port such as redis.internal:6379", ports: 1...65535, lone: nil)
    }

    private static func address(_ name: String, ports: ClosedRange<Int>, lone host: String?) -> ValueType {
        .parsed(
            name,
            show: { $0.description },
            suggest: { likelyAddress($0, host: host) },
            parse: { HostPort($0, ports: ports) }
        )
    }
}

/// `8080` and `:8080` lack the host, `::1:8080` its brackets, `http://h:80/` is a URL.
private func likelyAddress(_ text: String, host: String?) -> String? {
    if let schemeEnd = text.firstRange(of: "://") {
        let rest = text[schemeEnd.upperBound...].prefix { $0 != "/" }
        return HostPort(String(rest), ports: 0...65535)?.description
    }
    if let host, portNumber(text[...]) != nil { return "\(host):\(text)" }
    if text.hasPrefix(":"), portNumber(text.dropFirst()) != nil { return "0.0.0.0\(text)" }
    guard let colon = text.lastIndex(of: ":"), isIPv6(String(text[..<colon])) else { return nil }
    return "[\(text[..<colon])]\(text[colon...])"
}

extension ValueType where Value == String {
    /// A name this relay goes by: what stands between `wss://` and the path, with or without its port.
    static var authority: ValueType {
        .parsed("a host with or without a port, such as relay.example.com", show: { $0 }) { text in
            hostName(text[...]) != nil || HostPort(text, ports: 1...65535) != nil ? text : nil
        }
    }
}

extension ValueType where Value == [String] {
    /// Hosts of a database: names, addresses, or the folders of Unix sockets. A port is a setting of its own.
    static var databaseHosts: ValueType {
        .parsed(
            "a host such as db.internal, or several with commas between them, without a port",
            show: { $0.joined(separator: ",") },
            suggest: { HostPort($0, ports: 1...65535)?.host }
        ) { text in
            let words = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmed }
            let hosts = words.compactMap { $0.hasPrefix("/") || isIPv6($0) ? $0 : hostName($0[...]) }
            return hosts.count == words.count ? hosts : nil
        }
    }
}

extension Substring {
    fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
