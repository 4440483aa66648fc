public import Identity
public import WireProtocol

extension RelayClient {
    public struct Configuration: Sendable {
        public var relay: RelayAddress
        public var agentID: String
        public var key: Ed25519.PrivateKey
        /// An organisation's word for this agent and key. Its `org_id` is what AUTH names.
        public var attestation: OrgAttestation?
        public var capabilities: [String] = []

        /// The only relay to talk to. nil: whoever answers, though a proof that does not hold is refused all the same.
        public var relayKey: Ed25519.PublicKey?
        /// PEM of the authorities that a `wss://` relay's certificate may come from; nil for the system's.
        public var authorities: String?

        /// Goes on where the relay lacks `auth:bound`: then a hostile relay can pass our signature on to another.
        public var allowsUnboundAuthentication = false
        /// Asks for trace contexts of messages, and sends them.
        public var tracesMessages = false

        /// Offered to the relay, the most wanted first; it takes one or none. Envelopes go compressed where that
        /// shrinks them by a fifth, and come so.
        public var compression: [CompressionAlgorithm] = [.zstd, .lz4, .brotli]
        /// Envelopes up to this size are sent as they are.
        public var compressionThreshold = 256

        /// Bytes of sends that are neither settled nor failed; past it `send` throws `queueFull`.
        public var maxSendQueueBytes = 8 * 1024 * 1024
        /// Bytes of messages that nobody took yet. Past it nothing is read from the socket until half of them are gone;
        /// what one read brought on top, at most 1 MiB and a message, is still taken.
        public var maxInboxBytes = 8 * 1024 * 1024
        /// Messages whose repetitions are known as such.
        public var repeatWindow = 16_384

        /// From the TCP connection to AUTH_OK.
        public var connectTimeout = Duration.seconds(10)
        /// nil: what the relay says in AUTH_OK.
        public var keepaliveInterval: Duration?
        public var keepaliveTimeout = Duration.seconds(10)
        public var maxMissedPings = 3

        public var backoff = Backoff()
        /// false: a first connection that fails ends `run` with its reason.
        public var retriesFirstConnection = true

        /// Called on the client's event loop; must not block.
        public var onChange: (@Sendable (State) -> Void)?

        public init(relay: RelayAddress, agentID: String, key: Ed25519.PrivateKey) {
            self.relay = relay
            self.agentID = agentID
            self.key = key
        }
    }

    /// A delay is uniform between zero and a bound that doubles with each failure in a row.
    public struct Backoff: Sendable {
        public var first: Duration
        public var longest: Duration

        public init(first: Duration = .milliseconds(250), longest: Duration = .seconds(30)) {
            self.first = first
            self.longest = longest
        }
    }

    public enum State: Equatable, Sendable {
        case connecting(RelayAddress)
        case open(SessionTerms)
        /// The relay drains: sends wait for the next connection.
        case goingAway(GoAway)
        case waiting(milliseconds: UInt64, after: ConnectionFailure)
        /// nil after `close`.
        case ended(ConnectionFailure?)
    }
}

/// What AUTH_OK and HELLO_ACK settled.
public struct SessionTerms: Equatable, Sendable {
    public var relayID: String
    /// nil where the relay proved nothing. 32 bytes.
    public var relayKey: [UInt8]?
    public var extensions: [Extension]
    public var sessionID: String
    /// Bytes of the longest MESSAGE payload, the 96 of its routing header included.
    public var maxPayloadBytes: Int
    /// What waits for this agent.
    public var queue: QueueSummary
}
