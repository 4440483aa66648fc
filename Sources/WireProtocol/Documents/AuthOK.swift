/// The relay lets an agent in (protocol section 5).
public struct AuthOK: Document {
    public static let frameType = FrameType.authOK

    public var sessionID: String
    /// Bearer token of the HTTP transport.
    public var sessionToken: String
    /// Unix milliseconds.
    public var expires: UInt64
    public var assignedStreams: [UInt32]
    public var config: Config

    public init(
        sessionID: String,
        sessionToken: String,
        expires: UInt64,
        assignedStreams: [UInt32] = [],
        config: Config
    ) {
        self.sessionID = sessionID
        self.sessionToken = sessionToken
        self.expires = expires
        self.assignedStreams = assignedStreams
        self.config = config
    }

    public struct Config: Decodable, Equatable, Sendable, JSONWritable {
        /// Bytes of the longest MESSAGE payload the relay takes.
        public var maxFrameSize: Int
        /// 0: this relay opens no streams.
        public var maxStreams: Int
        public var keepaliveIntervalMilliseconds: UInt64
        public var queueStatus: QueueSummary

        public init(
            maxFrameSize: Int,
            maxStreams: Int,
            keepaliveIntervalMilliseconds: UInt64,
            queueStatus: QueueSummary
        ) {
            self.maxFrameSize = maxFrameSize
            self.maxStreams = maxStreams
            self.keepaliveIntervalMilliseconds = keepaliveIntervalMilliseconds
            self.queueStatus = queueStatus
        }

        enum CodingKeys: String, CodingKey {
            case maxFrameSize = "max_frame_size"
            case maxStreams = "max_streams"
            case keepaliveIntervalMilliseconds = "keepalive_interval_ms"
            case queueStatus = "queue_status"
        }

        public func write(to json: inout JSONWriter) {
            json.object { json in
                json.member(CodingKeys.maxFrameSize, maxFrameSize)
                json.member(CodingKeys.maxStreams, maxStreams)
                json.member(CodingKeys.keepaliveIntervalMilliseconds, keepaliveIntervalMilliseconds)
                json.member(CodingKeys.queueStatus, queueStatus)
            }
        }
    }

    enum CodingKeys: String, CodingKey {
        case sessionID = "session_id"
        case sessionToken = "session_token"
        case expires
        case assignedStreams = "assigned_streams"
        case config
    }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member(CodingKeys.sessionID, sessionID)
            json.member(CodingKeys.sessionToken, sessionToken)
            json.member(CodingKeys.expires, expires)
            json.member(CodingKeys.assignedStreams, assignedStreams)
            json.member(CodingKeys.config, config)
        }
    }
}

/// What waits for the agent in its queue.
public struct QueueSummary: Decodable, Equatable, Sendable, JSONWritable {
    public var pendingMessages: Int
    /// 0 where nothing waits.
    public var oldestMessageAgeMilliseconds: UInt64

    public init(pendingMessages: Int, oldestMessageAgeMilliseconds: UInt64) {
        self.pendingMessages = pendingMessages
        self.oldestMessageAgeMilliseconds = oldestMessageAgeMilliseconds
    }

    enum CodingKeys: String, CodingKey {
        case pendingMessages = "pending_messages"
        case oldestMessageAgeMilliseconds = "oldest_message_age_ms"
    }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member(CodingKeys.pendingMessages, pendingMessages)
            json.member(CodingKeys.oldestMessageAgeMilliseconds, oldestMessageAgeMilliseconds)
        }
    }
}
