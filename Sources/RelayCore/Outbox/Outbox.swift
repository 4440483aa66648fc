import DequeModule
import NIOCore
import WireProtocol

/// Everything on its way to one connection, bounded in bytes: control frames, five lanes of messages not serialised
/// yet, a write buffer, and what the socket has been given. Sequence number and checksum are set when a frame leaves
/// its lane, so that what is more urgent can still go first. With the lanes empty a message is serialised straight from
/// the sender's read buffer.
public struct Outbox {
    /// One flush carries at most this, or one frame.
    static let writeBufferBytes = 256 * 1024
    /// Where the outbox is full, this much of answers may still wait before their reader counts as gone.
    static let controlAllowance = 1 << 20

    /// The peer takes several frames in one WebSocket message.
    public var isBatching = false
    /// The peer understands the trace context behind a routing header.
    public var isTracing = false
    /// Messages wait in their lanes; control frames go.
    var isHeld = false

    private let maxBytes: Int
    private var control: Deque<OutgoingFrame> = []
    private var lanes = Lanes()
    private var writer: FrameWriter
    private let pool: BufferPool
    private var records: [WriteRecord] = []
    private var flushing: [WriteRecord] = []
    private var controlBytes = 0
    private var queuedBytes = 0
    private var flushingBytes = 0
    private(set) var isFlushing = false
    private var flushStartedAt: MonotonicNanoseconds = 0

    /// Since when the socket has had what it was given last and not taken all of it.
    public var stalledSince: MonotonicNanoseconds? { isFlushing ? flushStartedAt : nil }

    init(maxBytes: Int, pool: BufferPool) {
        self.maxBytes = maxBytes
        self.pool = pool
        writer = FrameWriter(pool: pool)
    }

    /// Charged until the flush that carries it completes.
    public var byteCount: Int { controlBytes + queuedBytes + writer.byteCount + flushingBytes }
    var hasWork: Bool { !control.isEmpty || !lanes.isEmpty || writer.byteCount > 0 }
    /// Whether the control frames that were appended have left for the socket, or everything that was.
    public func hasLeft(messagesToo: Bool) -> Bool { !isFlushing && (messagesToo ? !hasWork : control.isEmpty) }

    private var mayWriteThrough: Bool {
        control.isEmpty && lanes.isEmpty && !isHeld && writer.byteCount < Self.writeBufferBytes
    }

    public enum Appended {
        case appended
        case full
        case checksumFailed
    }

    /// Takes a best-effort message out of the sender's read buffer, checking its checksum on the copy.
    mutating func append(
        _ frame: InboundFrame,
        lane: Lane,
        expiresAt: UnixMilliseconds,
        record: WriteRecord
    ) -> Appended {
        guard byteCount + frame.header.frameLength <= maxBytes else {
            return frame.verifiedPayload() == nil ? .checksumFailed : .full
        }
        if mayWriteThrough, isTracing || !frame.header.flags.contains(.traced) {
            guard writer.append(frame, isBatching: isBatching) else { return .checksumFailed }
            records.append(record)
            return .appended
        }
        guard let payload = frame.verifiedPayload() else { return .checksumFailed }
        enqueue(
            OutboxMessage(
                flags: frame.header.flags,
                payload: ByteBuffer(bytes: payload),
                lane: lane,
                expiresAt: expiresAt,
                record: record
            )
        )
        return .appended
    }

    /// Takes a message that its recipient's home sends. The window there bounds these; to refuse one for its size would
    /// let the smaller ones behind it go first.
    mutating func append(_ message: OutboxMessage) {
        if mayWriteThrough {
            write(message)
        } else {
            enqueue(message)
        }
    }

    /// Control frames go before messages and are refused to nobody; false once the peer has let too many pile up.
    mutating func append(_ frame: OutgoingFrame) -> Bool {
        control.append(frame)
        controlBytes += frame.payload.count + FrameHeader.overhead
        return byteCount <= maxBytes || controlBytes <= Self.controlAllowance
    }

    private mutating func enqueue(_ message: OutboxMessage) {
        queuedBytes += message.payload.readableBytes + FrameHeader.overhead
        lanes.append(message)
    }

    private mutating func write(_ message: OutboxMessage) {
        writer.append(message, stripsTrace: !isTracing, isBatching: isBatching)
        records.append(message.record)
    }

    /// Serialises what fits and hands it out for one flush; nil while one is under way or there is nothing.
    /// - Parameter expired: called with each message whose time had passed before it left its lane.
    mutating func startFlush(
        at now: MonotonicNanoseconds,
        wallClock: UnixMilliseconds,
        expired: (WriteRecord) -> Void
    ) -> ByteBuffer? {
        guard !isFlushing, hasWork else { return nil }
        while writer.byteCount < Self.writeBufferBytes, let frame = control.popFirst() {
            controlBytes -= frame.payload.count + FrameHeader.overhead
            writer.append(frame, isBatching: isBatching)
        }
        while !isHeld, writer.byteCount < Self.writeBufferBytes, let message = lanes.popFirst() {
            queuedBytes -= message.payload.readableBytes + FrameHeader.overhead
            guard message.expiresAt > wallClock else {
                expired(message.record)
                continue
            }
            write(message)
        }
        guard writer.byteCount > 0 else { return nil }
        flushingBytes = writer.byteCount
        isFlushing = true
        flushStartedAt = now
        swap(&records, &flushing)
        return writer.take()
    }

    /// The flush completed: calls `written` for each message it carried.
    /// - Returns: how many that were.
    mutating func finishFlush(_ buffer: ByteBuffer, written: (WriteRecord) -> Void) -> Int {
        isFlushing = false
        flushingBytes = 0
        for var record in flushing {
            record.timeline.enqueued = flushStartedAt
            // It went from one connection to the other on this loop: routed in the tick that this flush ended.
            if record.timeline.routed == 0 { record.timeline.routed = flushStartedAt }
            written(record)
        }
        let count = flushing.count
        flushing.removeAll(keepingCapacity: count <= 256)
        writer.recycle(buffer)
        return count
    }

    /// The connection is gone: what was not written, in the order it would have been.
    mutating func abandon(_ dropped: (WriteRecord) -> Void) {
        for record in flushing { dropped(record) }
        for record in records { dropped(record) }
        while let message = lanes.popFirst() { dropped(message.record) }
        self = Outbox(maxBytes: maxBytes, pool: pool)
    }
}
