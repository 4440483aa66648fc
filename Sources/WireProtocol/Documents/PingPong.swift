/// Asks whether the peer is there (protocol section 8).
public struct Ping: Document {
    public static let frameType = FrameType.ping

    /// Unix milliseconds by the asker's clock.
    public var timestamp: UInt64
    public var sequence: UInt64

    public init(timestamp: UInt64, sequence: UInt64) {
        self.timestamp = timestamp
        self.sequence = sequence
    }

    enum CodingKeys: String, CodingKey { case timestamp, sequence }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member(CodingKeys.timestamp, timestamp)
            json.member(CodingKeys.sequence, sequence)
        }
    }
}

/// The answer to a PING: what it said, and how the relay is. An agent may leave out the last two.
public struct Pong: Document {
    public static let frameType = FrameType.pong

    public var timestamp: UInt64
    public var sequence: UInt64
    /// Unix milliseconds.
    public var serverTime: UInt64?
    /// 0...1.
    public var load: Double?

    public init(answering ping: Ping, serverTime: UInt64? = nil, load: Double? = nil) {
        timestamp = ping.timestamp
        sequence = ping.sequence
        self.serverTime = serverTime
        self.load = load.map { $0 > 0 ? min($0, 1) : 0 }
    }

    enum CodingKeys: String, CodingKey {
        case timestamp, sequence
        case serverTime = "server_time"
        case load
    }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member(CodingKeys.timestamp, timestamp)
            json.member(CodingKeys.sequence, sequence)
            json.member(CodingKeys.serverTime, ifPresent: serverTime)
            json.member(CodingKeys.load, ifPresent: load)
        }
    }
}
