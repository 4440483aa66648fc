/// The sender of this takes no new messages; what is under way ends (protocol section 8).
public struct GoAway: Document {
    public static let frameType = FrameType.goAway

    public var lastStreamID: UInt32
    /// A value of `ErrorCode`, or one of a later version.
    public var errorCode: Int
    public var message: String
    public var reconnectAfterMilliseconds: UInt64?
    public var alternateRelay: String?

    public init(
        lastStreamID: UInt32 = 0,
        errorCode: ErrorCode = .ok,
        message: String,
        reconnectAfterMilliseconds: UInt64? = nil,
        alternateRelay: String? = nil
    ) {
        self.lastStreamID = lastStreamID
        self.errorCode = errorCode.rawValue
        self.message = message
        self.reconnectAfterMilliseconds = reconnectAfterMilliseconds
        self.alternateRelay = alternateRelay
    }

    enum CodingKeys: String, CodingKey {
        case lastStreamID = "last_stream_id"
        case errorCode = "error_code"
        case message
        case reconnectAfterMilliseconds = "reconnect_after_ms"
        case alternateRelay = "alternate_relay"
    }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member(CodingKeys.lastStreamID, lastStreamID)
            json.member(CodingKeys.errorCode, errorCode)
            json.member(CodingKeys.message, message)
            json.member(CodingKeys.reconnectAfterMilliseconds, ifPresent: reconnectAfterMilliseconds)
            json.member(CodingKeys.alternateRelay, ifPresent: alternateRelay)
        }
    }
}
