/// What `GET /v1/slow` answers and `moltrelay slow --json` prints. A contract: docs/cli-json.md.
public struct SlowDocument: Codable, Sendable, Equatable {
    /// RFC 3339: when the answer was made.
    public var at: String
    /// Messages written from then on were looked at; nil where the relay keeps none.
    public var since: String?
    /// Those that waited in the queue, else those whose recipient was connected.
    public var queued: Bool
    /// The slowest first.
    public var messages: [Message]

    public init(at: String, since: String?, queued: Bool, messages: [Message]) {
        (self.at, self.since, self.queued, self.messages) = (at, since, queued, messages)
    }

    public struct Message: Codable, Sendable, Equatable {
        public var id: String
        public var sender: String
        public var recipient: String
        public var mode: String?
        /// RFC 3339.
        public var writtenAt: String
        /// From its arrival to its first write.
        public var seconds: Double
        /// `route`, `store`, `enqueue`, `write` or `queue`.
        public var slowestStage: String
        public var slowestStageSeconds: Double
        /// Those of its way that it passed, in their order; an older relay does not tell.
        public var stages: [Stage]?
        /// nil where the recorder has forgotten it since.
        public var fate: String?
        public var reason: String?

        enum CodingKeys: String, CodingKey {
            case id, sender, recipient, mode, seconds, stages, fate, reason
            case writtenAt = "written_at"
            case slowestStage = "slowest_stage"
            case slowestStageSeconds = "slowest_stage_seconds"
        }

        public init(
            id: String,
            sender: String,
            recipient: String,
            mode: String?,
            writtenAt: String,
            seconds: Double,
            slowestStage: String,
            slowestStageSeconds: Double,
            stages: [Stage]?,
            fate: String?,
            reason: String?
        ) {
            (self.id, self.sender, self.recipient, self.mode) = (id, sender, recipient, mode)
            (self.writtenAt, self.seconds) = (writtenAt, seconds)
            (self.slowestStage, self.slowestStageSeconds) = (slowestStage, slowestStageSeconds)
            self.stages = stages
            (self.fate, self.reason) = (fate, reason)
        }
    }

    public struct Stage: Codable, Sendable, Equatable {
        /// As `slowestStage`.
        public var stage: String
        public var seconds: Double

        public init(stage: String, seconds: Double) { (self.stage, self.seconds) = (stage, seconds) }
    }
}
