/// A frame to be sent on stream 0. Sequence and checksum are set by the outbox, when it leaves its lane.
public struct OutgoingFrame: Equatable, Sendable {
    public var type: FrameType
    public var flags: FrameFlags
    public var payload: [UInt8]

    public init(type: FrameType, flags: FrameFlags = [], payload: [UInt8]) {
        self.type = type
        self.flags = flags
        self.payload = payload
    }

    public init<D: Document>(_ document: D) {
        self.init(type: D.frameType, payload: document.json)
    }
}
