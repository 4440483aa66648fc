public import NIOCore
import WireProtocol

/// What every connection of a loop is made with.
struct ConnectionServices {
    let loop: DataLoop
    let session: SessionConfiguration
    let limits: TransportLimits
    let admission: Admission
}

/// Bounds of the listener; protocol section 10.
public struct TransportLimits: Sendable {
    public var maxConnections: Int
    /// As `RelaySettings` has it: for the text of a refusal.
    public var maxConnectionsPerAgent: Int
    public var handshakeTimeout: TimeAmount

    public init(
        maxConnections: Int = 100_000,
        maxConnectionsPerAgent: Int = 5,
        handshakeTimeout: TimeAmount = .seconds(5)
    ) {
        self.maxConnections = maxConnections
        self.maxConnectionsPerAgent = maxConnectionsPerAgent
        self.handshakeTimeout = handshakeTimeout
    }
}
