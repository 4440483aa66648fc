public import NIOCore
public import NIOHTTP1
import Telemetry

/// A whole request: the body is small and has arrived.
public struct AdminRequest: Sendable {
    public var method: HTTPMethod
    /// Without the query.
    public var path: String
    /// As sent: `verbose&exclude=store` has a nil and a value.
    public var query: [(name: Substring, value: Substring?)]
    public var headers: HTTPHeaders
    public var body: ByteBuffer
    /// Who asks, as a trusted proxy told it where one did; nil where the connection is gone already.
    public var peer: SocketAddress?
    /// A proxy stands between, which said so.
    var isProxied = false
    /// Who is at the other end of the socket and asks for itself: what a proxy says of its client opens nothing.
    var directPeer: SocketAddress? { isProxied ? nil : peer }
    /// What the answering is traced as.
    var span: SpanContext?

    init(_ head: HTTPRequestHead, body: ByteBuffer, peer: SocketAddress?) {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        method = head.method
        path = Self.path(of: head.uri)
        query = parts.count > 1 ? Self.pairs(parts[1]) : []
        headers = head.headers
        self.body = body
        self.peer = peer
    }

    /// Without the query.
    static func path(of uri: String) -> String { String(uri.prefix { $0 != "?" }) }

    /// What is logged meanwhile belongs to the request's trace.
    func whileTraced<Answer>(_ respond: () -> Answer) -> Answer {
        guard let span else { return respond() }
        return span.whileCurrent { respond() }
    }

    public func hasFlag(_ name: String) -> Bool { query.contains { $0.name == name } }

    /// The last of that name, its percent-encoding undone; nil where there is none.
    public func text(of name: String) -> String? {
        values(of: name).last.map(QueryText.unescaped)
    }

    public func values(of name: String) -> [String] {
        query.compactMap { $0.name == name ? $0.value.map(String.init) : nil }
    }

    private static func pairs(_ query: Substring) -> [(name: Substring, value: Substring?)] {
        query.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (parts[0], parts.count > 1 ? parts[1] : nil)
        }
    }
}

public struct AdminResponse: Sendable, Equatable {
    public var status: HTTPResponseStatus
    public var contentType: String
    /// Beside content-type and content-length.
    public var headers: HTTPHeaders
    public var body: [UInt8]
    /// What follows `body`, without an end of its own.
    public var stream: AdminStream?

    public init(_ status: HTTPResponseStatus, contentType: String, headers: HTTPHeaders = [:], body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }

    public init(contentType: String, headers: HTTPHeaders = [:], stream: AdminStream) {
        self.init(.ok, contentType: contentType, headers: headers, body: [])
        self.stream = stream
    }

    /// A line for people, its newline added.
    public static func text(_ status: HTTPResponseStatus, _ line: String, headers: HTTPHeaders = [:]) -> AdminResponse {
        AdminResponse(
            status,
            contentType: "text/plain; charset=utf-8",
            headers: headers,
            body: Array((line + "\n").utf8)
        )
    }
}
