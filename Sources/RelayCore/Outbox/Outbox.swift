import Compression
import DequeModule
import NIOCore
public import WireProtocol

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
    /// What the peer takes COMPRESSED envelopes in.
    public var compression: CompressionAlgorithm? {
        get { conversion.algorithm }
        set { conversion.algorithm = newValue }
    }
    /// Bits of the window that WebSocket messages are compressed with; nil where permessage-deflate was not negotiated.
    public var deflateWindowBits: Int? {
        get { writer.deflateWindowBits }
        set { writer.deflateWindowBits = newValue }
    }
    /// Messages wait in their lanes; control frames go.
    var isHeld = false

    private let maxBytes: Int
    private var control: Deque<OutgoingFrame> = []
    private var lanes = Lanes()
    private var conversion: Conversion
    private var conversions = ConversionQueue()
    /// Messages whose envelopes turned out not to be what they say, since the last call of `takeUnreadable`.
    private var unreadable: [Unreadable] = []
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

    /// Converted larger than this before they are written, or said to be so: off the event loop.
    static let inlineConversionBytes = 16 * 1024

    init(maxBytes: Int, compressionThreshold: Int = 256, pool: BufferPool) {
        self.maxBytes = maxBytes
        conversion = Conversion(threshold: compressionThreshold)
        self.pool = pool
        writer = FrameWriter(pool: pool)
    }

    /// Charged until the flush that carries it completes.
    public var byteCount: Int { controlBytes + queuedBytes + conversions.byteCount + writer.byteCount + flushingBytes }
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
        record: WriteRecord,
        from sender: ConnectionRef
    ) -> Appended {
        guard byteCount + frame.header.frameLength <= maxBytes else {
            return frame.verifiedPayload() == nil ? .checksumFailed : .full
        }
        if mayWriteThrough, isTracing || !frame.header.flags.contains(.traced), !conversion.isNeeded(frame) {
            guard writer.append(frame, isBatching: isBatching) else { return .checksumFailed }
            records.append(record)
            return .appended
        }
        guard let payload = frame.verifiedPayload() else { return .checksumFailed }
        append(
            OutboxMessage(
                flags: frame.header.flags,
                payload: ByteBuffer(bytes: payload),
                lane: lane,
                expiresAt: expiresAt,
                record: record,
                sender: sender
            )
        )
        return .appended
    }

    /// Takes a message that its recipient's home sends. The window there bounds these; to refuse one for its size would
    /// let the smaller ones behind it go first.
    mutating func append(_ message: OutboxMessage) {
        if isLarge(message) {
            var message = message
            message.ticket = conversions.append(message, conversion)
            message.payload = ByteBuffer()
            lanes.append(message)
        } else if mayWriteThrough {
            write(message)
        } else {
            queuedBytes += message.payload.readableBytes + FrameHeader.overhead
            lanes.append(message)
        }
    }

    /// To be converted, and too large for the event loop.
    private func isLarge(_ message: OutboxMessage) -> Bool {
        let size = message.payload.readableBytes
        let original = Conversion.head(message.flags, message.payload)?.originalSize ?? 0
        guard max(size, original) > Self.inlineConversionBytes else { return false }
        return conversion.isNeeded(message.flags, message.payload)
    }

    /// Control frames go before messages and are refused to nobody; false once the peer has let too many pile up.
    mutating func append(_ frame: OutgoingFrame) -> Bool {
        control.append(frame)
        controlBytes += frame.payload.count + FrameHeader.overhead
        return byteCount <= maxBytes || controlBytes <= Self.controlAllowance
    }

    private mutating func write(_ message: OutboxMessage) {
        guard conversion.isNeeded(message.flags, message.payload), message.ticket == nil else {
            return writeAsIs(message)
        }
        var message = message
        do throws(CompressionFlaw) {
            (message.flags, message.payload) = try conversion.convert(message.flags, message.payload, with: pool.codec)
            writeAsIs(message)
        } catch {
            unreadable.append(Unreadable(message.record, message.sender, error))
        }
    }

    private mutating func writeAsIs(_ message: OutboxMessage) {
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
        while !isHeld, writer.byteCount < Self.writeBufferBytes, let message = popFirst() {
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
        while let message = lanes.popFirst() {
            // What could not be converted has been dropped already.
            if !(message.ticket.map { conversions.hasFailed($0) } ?? false) { dropped(message.record) }
        }
        self = Outbox(maxBytes: maxBytes, compressionThreshold: conversion.threshold, pool: pool)
    }
}

/// Envelopes that are converted off the event loop, and those that cannot be.
extension Outbox {
    struct Unreadable {
        let record: WriteRecord
        let sender: ConnectionRef?
        let flaw: CompressionFlaw

        init(_ record: WriteRecord, _ sender: ConnectionRef?, _ flaw: CompressionFlaw) {
            (self.record, self.sender, self.flaw) = (record, sender, flaw)
        }
    }

    var hasUnreadable: Bool { !unreadable.isEmpty }
    var hasWaitingConversions: Bool { conversions.waitingCount > 0 }

    mutating func takeUnreadable() -> [Unreadable] {
        defer { unreadable = [] }
        return unreadable
    }

    mutating func startConversion() -> ConversionQueue.Job? { conversions.start() }

    mutating func finishConversion(
        _ job: ConversionQueue.Job,
        _ result: Result<(FrameFlags, ByteBuffer), CompressionFlaw>
    ) {
        guard conversions.finish(job.ticket, result), case .failure(let flaw) = result else { return }
        unreadable.append(Unreadable(job.record, job.sender, flaw))
    }

    /// The next message whose payload is as its peer takes it, or is converted when it is written.
    private mutating func popFirst() -> OutboxMessage? {
        while var message = nextReady() {
            guard let ticket = message.ticket else {
                queuedBytes -= message.payload.readableBytes + FrameHeader.overhead
                return message
            }
            guard let converted = conversions.take(ticket) else { continue }
            (message.flags, message.payload) = converted
            return message
        }
        return nil
    }

    private mutating func nextReady() -> OutboxMessage? {
        guard !conversions.isEmpty else { return lanes.popFirst() }
        let conversions = conversions
        return lanes.popFirst { $0.ticket.map { conversions.isDone($0) } ?? true }
    }
}
