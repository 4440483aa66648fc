public import NIOCore
public import RelayTLS

public struct RedisSettings: Sendable {
    public struct Address: Sendable, Hashable, CustomStringConvertible {
        public var host: String
        public var port: Int

        public init(host: String, port: Int) { (self.host, self.port) = (host, port) }

        public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// Tried in turn; never empty.
    public var addresses: [Address]
    /// An ACL user; empty for the server's default one.
    public var username = ""
    /// Empty for none.
    public var password = ""
    public var database = 0
    /// nil for a connection without TLS.
    public var tls: TLSClient?
    public var connectTimeout = TimeAmount.seconds(2)
    /// Without a byte from the server while answers are owed.
    public var answerTimeout = TimeAmount.seconds(3)
    /// An idle connection is asked for a sign of life this often.
    public var heartbeat = TimeAmount.milliseconds(500)
    /// Of commands not answered; one over it is taken where nothing else waits, or it never could be.
    public var maxBytesInFlight = 64 << 20
    public var maxReplyBytes = 64 << 20

    public init(addresses: [Address]) { self.addresses = addresses }
}
