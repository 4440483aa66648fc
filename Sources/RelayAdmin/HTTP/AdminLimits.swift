public import NIOCore

/// What one listener takes from its clients. The defaults suit probes and scrapers.
public struct AdminLimits: Sendable, Equatable {
    /// At the limit the connection that has waited longest for a request makes room.
    public var maxConnections = 64
    public var maxHeaderBytes = 16 * 1024
    public var maxBodyBytes = 16 * 1024
    /// Requests that may have arrived while an earlier one of their connection is answered.
    public var maxPipelined = 8
    /// From the first byte of a request to its last.
    public var requestTimeout = TimeAmount.seconds(5)
    /// Between requests. Longer than scrape intervals in use.
    public var idleTimeout = TimeAmount.seconds(75)
    /// For the client to take an answer.
    public var responseTimeout = TimeAmount.seconds(30)
    /// For the reader of a stream to take anything of what there is, at least; twice that at most.
    public var streamTimeout = TimeAmount.minutes(5)
    /// For a client that was refused to read why.
    public var lingerTimeout = TimeAmount.seconds(2)

    public init() {}
}
