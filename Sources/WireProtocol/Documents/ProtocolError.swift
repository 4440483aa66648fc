/// Protocol section 8. Documents carry the number.
public enum ErrorCode: Int, Sendable, CaseIterable {
    case ok = 0x00
    case protocolError = 0x01
    case internalError = 0x02
    case flowControl = 0x03
    case timeout = 0x04
    case streamClosed = 0x05
    case frameSize = 0x06
    case refused = 0x07
    case cancel = 0x08
    case compression = 0x09
    case connectError = 0x0A
    case authRequired = 0x0B
    case authFailed = 0x0C

    /// Whether the connection ends with it; nil where the frame itself decides.
    public var isFatal: Bool? {
        switch self {
        case .protocolError, .flowControl, .frameSize, .compression, .authRequired, .authFailed: true
        case .internalError: nil
        case .ok, .timeout, .streamClosed, .refused, .cancel, .connectError: false
        }
    }
}

/// The document of an ERROR frame.
public struct ProtocolError: Document {
    public static let frameType = FrameType.error

    /// A value of `ErrorCode`, or one of a later version.
    public var code: Int
    /// nil: the whole connection.
    public var streamID: UInt32?
    public var message: String
    public var fatal: Bool
    /// Read where it is an object of strings, else left out.
    public var details: [String: String]?

    /// - Parameter fatal: asked only where the code leaves it open.
    public init(
        code: ErrorCode,
        streamID: UInt32? = nil,
        message: String,
        fatal: Bool = true,
        details: [String: String]? = nil
    ) {
        self.code = code.rawValue
        self.streamID = streamID
        self.message = message
        self.fatal = code.isFatal ?? fatal
        self.details = details
    }

    public var knownCode: ErrorCode? { ErrorCode(rawValue: code) }

    enum CodingKeys: String, CodingKey {
        case code
        case streamID = "stream_id"
        case message, fatal, details
    }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        code = try members.decode(Int.self, forKey: .code)
        streamID = try members.decodeIfPresent(UInt32.self, forKey: .streamID)
        message = try members.decodeIfPresent(String.self, forKey: .message) ?? ""
        fatal = try members.decode(Bool.self, forKey: .fatal)
        details = try? members.decodeIfPresent([String: String].self, forKey: .details)
    }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member(CodingKeys.code, code)
            json.member(CodingKeys.streamID, streamID)
            json.member(CodingKeys.message, message)
            json.member(CodingKeys.fatal, fatal)
            json.member(CodingKeys.details, ifPresent: details.map(Details.init))
        }
    }
}

private struct Details: JSONWritable {
    let members: [String: String]

    init(_ members: [String: String]) { self.members = members }

    struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                json.member(Key(stringValue: name), value)
            }
        }
    }
}
