import Identity
import NIOHTTP1
import RelayCore

/// What is asked of an HTTP request before it becomes a WebSocket (RFC 6455 section 4.2.1), and the answer where it
/// does not.
enum WebSocketUpgrade {
    static let path = "/v1/connect"
    static let subprotocol = "moltrelay.v1"

    struct Rejection: Error, Equatable {
        var status: HTTPResponseStatus
        var body: String
        var headers: [(String, String)] = []
        var failure = ConnectionFailure.upgradeRejected

        static func == (lhs: Self, rhs: Self) -> Bool { lhs.status == rhs.status && lhs.body == rhs.body }
    }

    /// The headers of the 101.
    static func accept(_ request: HTTPRequestHead) throws(Rejection) -> HTTPHeaders {
        let path = request.uri.prefix { $0 != "?" }
        guard path == Self.path else {
            throw Rejection(status: .notFound, body: "No such path. Agents connect to \(Self.path).")
        }
        guard request.method == .GET, tokens(request.headers["Upgrade"]).contains("websocket") else {
            throw upgradeRequired("This path speaks WebSocket only: GET it with 'Upgrade: websocket'.")
        }
        guard request.version == .http1_1 else { throw bad("A WebSocket upgrade needs HTTP/1.1.") }
        guard tokens(request.headers["Connection"]).contains("upgrade") else {
            throw bad("The Connection header does not name 'Upgrade'.")
        }
        guard request.headers["Sec-WebSocket-Version"] == ["13"] else {
            throw upgradeRequired("Sec-WebSocket-Version must be 13.", version: true)
        }
        let keys = request.headers["Sec-WebSocket-Key"]
        guard keys.count == 1, let key = keys.first, isKey(key) else {
            throw bad("Sec-WebSocket-Key must be there once, 16 bytes in base64.")
        }
        var headers = HTTPHeaders([("Upgrade", "websocket"), ("Connection", "Upgrade")])
        headers.add(name: "Sec-WebSocket-Accept", value: SHA1.webSocketAccept(for: key))
        if tokens(request.headers["Sec-WebSocket-Protocol"]).contains(subprotocol) {
            headers.add(name: "Sec-WebSocket-Protocol", value: subprotocol)
        }
        return headers
    }

    private static func bad(_ body: String) -> Rejection { Rejection(status: .badRequest, body: body) }

    private static func upgradeRequired(_ body: String, version: Bool = false) -> Rejection {
        let headers = [("Upgrade", "websocket"), ("Connection", "Upgrade")]
        return Rejection(
            status: .upgradeRequired,
            body: body,
            headers: version ? headers + [("Sec-WebSocket-Version", "13")] : headers
        )
    }

    private static func tokens(_ values: [String]) -> [String] {
        values.flatMap { $0.split(separator: ",") }.map { token in
            token.lowercased().trimmingPrefix { $0 == " " }.split(separator: " ").first.map(String.init) ?? ""
        }
    }

    /// 22 base64 digits and two `=`: 16 bytes.
    private static func isKey(_ key: String) -> Bool {
        let digits = Array(key.utf8)
        guard digits.count == 24, digits[22] == UInt8(ascii: "="), digits[23] == UInt8(ascii: "=") else { return false }
        return digits.prefix(22).allSatisfy { digit in
            switch digit {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
    }
}

extension WebSocketUpgrade.Rejection {
    static let tooSlow = Self(
        status: .requestTimeout,
        body: "The request did not come to its end in time.",
        failure: .handshakeTimeout
    )
    static let tooLarge = Self(
        status: .requestHeaderFieldsTooLarge,
        body: "The request is longer than \(RequestSizeHandler.maxBytes) bytes.",
        failure: .tooLarge
    )
    static let noHTTP = Self(status: .badRequest, body: "This is not an HTTP request.")
    static let malformedForwarding = Self(
        status: .badRequest,
        body: "The X-Forwarded-For of the proxy in front is no list of addresses (server.proxy).",
        failure: .proxyHeader
    )
    static let draining = Self(
        status: .serviceUnavailable,
        body: "This relay is going away and takes no new connections.",
        headers: [("Retry-After", "5")],
        failure: .limit
    )

    static func refused(by limit: ConnectionLimit, retryAfter wait: MonotonicNanoseconds) -> Self {
        Self(
            status: .serviceUnavailable,
            body: "\(limit.explanation) (limits.\(limit.rawValue)).",
            headers: [("Retry-After", String(max(1, (wait + 999_999_999) / 1_000_000_000)))],
            failure: .limit
        )
    }
}

extension ConnectionLimit {
    fileprivate var explanation: String {
        switch self {
        case .connections: "This relay has all the connections it takes"
        case .connectionsPerIP: "Your address has all the connections that one may have"
        case .memory: "This relay is short of memory"
        case .connectionsPerSecond: "Too many new connections to this relay at once"
        case .connectionsPerIPPerSecond: "Too many new connections from your address at once"
        }
    }
}
