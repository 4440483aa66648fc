public import Compression
public import NIOCore
public import WireProtocol

/// The socket side of a connection, as the relay drives it. Called on the connection's loop only.
public protocol ConnectionSocket: AnyObject {
    /// Give the bytes to the socket; `Relay.flushed` with the same buffer answers when they have left.
    func flush(_ buffer: ByteBuffer)
    /// Stop or go on reading: back-pressure.
    func setReading(_ isReading: Bool)
    /// The registration asked for by `Relay.authenticated`.
    func registered(isAccepted: Bool)
    /// A message of its agent was over the rate; told for each.
    func messageRefusedByRate()
    /// A COMPRESSED message of its agent is not what it says; its connection ends with this.
    func messageUnreadable(_ id: MessageID, _ flaw: CompressionFlaw)
    func disconnect(_ disconnect: Disconnect)
    /// Send GOAWAY and take no new messages.
    func drain(reconnectAfterMilliseconds: UInt64, alternateRelay: String?)
}

/// One open connection on its event loop, from the upgrade to the close; the relay's side of it.
public final class Connection {
    public let ref: ConnectionRef
    public let openedAt: MonotonicNanoseconds
    public internal(set) var agent: AgentHash?
    public var outbox: Outbox
    /// The peer takes ACKs in binary.
    public var takesBinaryAcknowledgements = false
    /// What was taken from the agent, and what left for its socket. Bytes of the WebSocket.
    public var traffic = ConnectionTraffic()
    public let socket: any ConnectionSocket

    var answers: [Answer] = []
    var isDirty = false
    public internal(set) var isClosed = false
    /// Its agent's home has taken it, and every loop its route.
    var isRegistered = false
    /// Loops that have not taken its route yet.
    var announcementsLeft = 0
    var pause = PauseBudget()
    /// What its agent may send; nil where that is not limited.
    var rate: AgentRate?
    /// Since when the outbox has been past its high watermark; it stays set until there is room again.
    public internal(set) var pressedSince: MonotonicNanoseconds?
    /// It was told to go; what else it does slowly is no news.
    var isSlowConsumer = false
    /// In line to convert off the event loop.
    var waitsToConvert = false
    /// Reading is stopped until another loop has taken what this one handed over.
    var isHeldByHandOver = false

    public func disconnect(_ disconnect: Disconnect) { socket.disconnect(disconnect) }

    public func drain(reconnectAfterMilliseconds: UInt64, alternateRelay: String?) {
        socket.drain(reconnectAfterMilliseconds: reconnectAfterMilliseconds, alternateRelay: alternateRelay)
    }

    init(
        ref: ConnectionRef,
        socket: any ConnectionSocket,
        openedAt: MonotonicNanoseconds,
        outbox: Outbox
    ) {
        self.ref = ref
        self.socket = socket
        self.openedAt = openedAt
        self.outbox = outbox
    }
}

/// Counted where it costs an addition: messages in one by one, the others once a read and once a flush.
public struct ConnectionTraffic: Sendable, Equatable {
    public var messagesIn: UInt64 = 0
    public var messagesOut: UInt64 = 0
    public var bytesIn: UInt64 = 0
    public var bytesOut: UInt64 = 0

    public init() {}
}

/// How long a best-effort sender has been held up for slow recipients: a little, so that bursts pass, and never more,
/// so that one slow reader does not freeze a thousand senders (design section 5).
struct PauseBudget {
    private var windowStart: MonotonicNanoseconds = 0
    private var used: MonotonicNanoseconds = 0
    private(set) var until: MonotonicNanoseconds?

    /// When reading may go on, or nil where the sender may not be paused (again).
    mutating func start(at now: MonotonicNanoseconds, settings: RelaySettings) -> MonotonicNanoseconds? {
        guard until == nil else { return nil }
        if now >= windowStart + .seconds(1) {
            windowStart = now
            used = 0
        }
        guard used + settings.senderPause <= settings.senderPausePerSecond else { return nil }
        used += settings.senderPause
        until = now + settings.senderPause
        return until
    }

    mutating func end() { until = nil }
}
