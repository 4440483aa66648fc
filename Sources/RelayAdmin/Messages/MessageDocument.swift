/// What `GET /v1/messages/<id>` answers and `moltrelay explain --json` prints. A contract: docs/cli-json.md.
public struct MessageDocument: Codable, Sendable, Equatable {
    public var id: String
    /// RFC 3339: when the answer was made.
    public var at: String
    public var recorder: Recorder
    public var queue: Queue
    /// Those of the id that are known: it is unique for one sender only.
    public var messages: [Message]

    public init(id: String, at: String, recorder: Recorder, queue: Queue, messages: [Message]) {
        self.id = id
        self.at = at
        self.recorder = recorder
        self.queue = queue
        self.messages = messages
    }

    /// How far back the relay remembers.
    public struct Recorder: Codable, Sendable, Equatable {
        public var enabled: Bool
        /// Every message that ended from then on is known.
        public var since: String?
        public var records: Int

        public init(enabled: Bool, since: String?, records: Int) {
            self.enabled = enabled
            self.since = since
            self.records = records
        }
    }

    public struct Queue: Codable, Sendable, Equatable {
        public var messages: Int
        public var oldestAcceptedAt: String?

        enum CodingKeys: String, CodingKey {
            case messages
            case oldestAcceptedAt = "oldest_accepted_at"
        }

        public init(messages: Int, oldestAcceptedAt: String?) {
            self.messages = messages
            self.oldestAcceptedAt = oldestAcceptedAt
        }
    }
}

extension MessageDocument {
    public struct Message: Codable, Sendable, Equatable {
        /// `sha256:` and the first 16 digits of the agent's hash; nil where the message was refused at the door.
        public var sender: String?
        public var recipient: String?
        public var mode: String?
        public var bytes: Int?
        /// `delivered`, `expired`, `dropped`, `refused` or `under_way`.
        public var fate: String
        /// Of a drop or a refusal.
        public var reason: String?
        /// What a message under way waits for: `commit`, `recipient` or `acknowledgement`; and since its last step how
        /// long.
        public var waitsFor: String?
        public var waitingSeconds: Double?
        /// The code of the NACK that its sender got.
        public var nack: String?
        public var attempts: Int
        public var copies: Int
        public var queued: Bool
        public var traceID: String
        /// Whether the sender gave the trace its id; else it is the message's own.
        public var traced: Bool
        /// From the first step to the last.
        public var seconds: Double
        public var steps: [Step]

        enum CodingKeys: String, CodingKey {
            case sender, recipient, mode, bytes, fate, reason, nack, attempts, copies, queued, traced, seconds, steps
            case waitsFor = "waits_for"
            case waitingSeconds = "waiting_seconds"
            case traceID = "trace_id"
        }

        public init(
            sender: String? = nil,
            recipient: String? = nil,
            mode: String? = nil,
            bytes: Int? = nil,
            fate: String,
            reason: String? = nil,
            waitsFor: String? = nil,
            waitingSeconds: Double? = nil,
            nack: String? = nil,
            attempts: Int,
            copies: Int,
            queued: Bool,
            traceID: String,
            traced: Bool,
            seconds: Double,
            steps: [Step]
        ) {
            (self.sender, self.recipient, self.mode, self.bytes) = (sender, recipient, mode, bytes)
            (self.fate, self.reason, self.nack) = (fate, reason, nack)
            (self.waitsFor, self.waitingSeconds) = (waitsFor, waitingSeconds)
            (self.attempts, self.copies, self.queued) = (attempts, copies, queued)
            (self.traceID, self.traced) = (traceID, traced)
            (self.seconds, self.steps) = (seconds, steps)
        }
    }

    public struct Step: Codable, Sendable, Equatable {
        /// `received`, `routed` and so on.
        public var stage: String
        /// RFC 3339.
        public var at: String
        /// Since the step before it.
        public var seconds: Double
        /// Of a write.
        public var attempt: Int?

        public init(stage: String, at: String, seconds: Double, attempt: Int? = nil) {
            self.stage = stage
            self.at = at
            self.seconds = seconds
            self.attempt = attempt
        }
    }
}
