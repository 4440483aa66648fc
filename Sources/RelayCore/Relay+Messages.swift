import NIOCore
public import WireProtocol

extension Relay {
    /// Takes a MESSAGE frame out of its sender's read buffer. The session has checked everything but the checksum,
    /// which is checked on the copy.
    /// - Returns: false where the checksum does not hold; nothing was taken then.
    public func accept(
        _ frame: InboundFrame,
        routing: RoutingHeader,
        mode: DeliveryMode,
        from sender: Connection,
        at now: MonotonicNanoseconds
    ) -> Bool {
        if let wait = sender.rate?.take(bytes: frame.header.frameLength, at: now) {
            return refuse(frame, routing: routing, from: sender, for: wait)
        }
        guard !isShortOfMemory else {
            return turnAway(frame, routing: routing, mode: mode, from: sender, at: now)
        }
        sender.traffic.messagesIn &+= 1
        guard mode != .bestEffort else { return forward(frame, routing: routing, from: sender, at: now) }
        guard let message = own(frame, routing: routing) else { return false }
        let timeline = MessageTimeline(received: now)
        let home = Hub.home(of: routing.recipient, loops: loops)
        tell(home, .accept(message, from: sender.ref, mode: mode, timeline))
        holdIfCongested(sender, towards: home)
        return true
    }

    /// Charges the sender's rate for a MESSAGE that is refused for another reason: it cost its bytes all the same.
    public func charge(_ header: FrameHeader, to sender: Connection, at now: MonotonicNanoseconds) {
        _ = sender.rate?.take(bytes: header.frameLength, at: now)
    }

    private func own(_ frame: InboundFrame, routing: RoutingHeader) -> Message? {
        let length = frame.header.frameLength
        var buffer = ByteBufferAllocator().buffer(capacity: length)
        let written = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { space in
            frame.copyVerified(to: space.baseAddress!) ? length : 0
        }
        guard written > 0 else { return nil }
        buffer.moveReaderIndex(forwardBy: FrameHeader.byteCount)
        buffer.moveWriterIndex(to: buffer.writerIndex - FrameHeader.checksumByteCount)
        let wallClock = port.wallClock
        let lifetime = routing.ttl == 0 ? settings.retentionMilliseconds : UInt64(routing.ttl) * 1_000
        return Message(
            routing: routing,
            flags: frame.header.flags,
            payload: buffer,
            acceptedAt: wallClock,
            expiresAt: wallClock + lifetime
        )
    }

    private func forward(
        _ frame: InboundFrame,
        routing: RoutingHeader,
        from sender: Connection,
        at now: MonotonicNanoseconds
    ) -> Bool {
        let record = WriteRecord(bestEffort: routing.identity, received: now)
        let lane = routing.lane(flags: frame.header.flags)
        let expiresAt = routing.ttl == 0 ? UnixMilliseconds.max : port.wallClock + UInt64(routing.ttl) * 1_000
        guard let target = hub.route(routing.recipient) else {
            guard frame.isIntact else { return false }
            acceptBestEffort(frame, record)
            dropBestEffort(record, .recipientOffline)
            return true
        }
        guard Int(target.loop) == loop else {
            requestTick()
            let forwarded = HandOver.Forwarded(
                recipient: target,
                sender: sender.ref,
                frameLength: frame.header.frameLength,
                record: record,
                lane: lane,
                expiresAt: expiresAt
            )
            guard outgoing[Int(target.loop)].append(frame, forwarded) else { return false }
            holdIfCongested(sender, towards: Int(target.loop))
            return true
        }
        guard let recipient = connections[target] else {
            guard frame.isIntact else { return false }
            acceptBestEffort(frame, record)
            dropBestEffort(record, .recipientOffline)
            return true
        }
        return append(frame, to: recipient, lane: lane, expiresAt: expiresAt, record: record, from: sender.ref)
    }

    /// - Returns: false where the frame's checksum does not hold.
    private func append(
        _ frame: InboundFrame,
        to recipient: Connection,
        lane: Lane,
        expiresAt: UnixMilliseconds,
        record: WriteRecord,
        from sender: ConnectionRef
    ) -> Bool {
        let appended = withOutbox(recipient) {
            $0.append(frame, lane: lane, expiresAt: expiresAt, record: record, from: sender)
        }
        guard appended != .checksumFailed else { return false }
        acceptBestEffort(frame, record)
        if appended == .full { dropBestEffort(record, .outboxFull) }
        markDirty(recipient)
        convert(for: recipient)
        if isPressed(recipient) { tell(Int(sender.loop), .pauseSender(sender)) }
        return true
    }

    /// A best-effort message from another loop; its checksum was checked there.
    func receive(_ forwarded: HandOver.Forwarded, frame: InboundFrame) {
        guard let recipient = connections[forwarded.recipient] else {
            acceptBestEffort(frame, forwarded.record)
            return dropBestEffort(forwarded.record, .recipientOffline)
        }
        guard forwarded.expiresAt == .max || forwarded.expiresAt > port.wallClock else {
            acceptBestEffort(frame, forwarded.record)
            return settleBestEffort(forwarded.record, .expired)
        }
        _ = append(
            frame,
            to: recipient,
            lane: forwarded.lane,
            expiresAt: forwarded.expiresAt,
            record: forwarded.record,
            from: forwarded.sender
        )
    }

    /// An at-least-once message its home sends through a connection of this loop.
    func deliver(_ message: OutboxMessage, to ref: ConnectionRef) {
        // A connection that is gone: its home is told so in a notice of its own.
        guard let connection = connections[ref] else { return }
        // Its time may have passed on the way here, or in the window: its home or the store settles it.
        guard message.expiresAt > port.wallClock else { return }
        withOutbox(connection) { $0.append(message) }
        markDirty(connection)
        convert(for: connection)
        _ = isPressed(connection)
    }

    /// An agent acknowledged messages on this connection.
    public func acknowledged(_ ids: [MessageID], _ kind: AckType, on connection: Connection) {
        guard let agent = connection.agent else { return }
        tellHome(of: agent, .acknowledged(ids, kind, by: agent))
    }

    func acceptBestEffort(_ frame: InboundFrame, _ record: WriteRecord) {
        bestEffortInFlight += 1
        state(.accepted(record.identity, mode: .bestEffort, bytes: frame.header.payloadLength))
        if let context = frame.traceContext { note(.traced(record.identity.id, context)) }
    }

    func dropBestEffort(_ record: WriteRecord, _ reason: DropReason) {
        settleBestEffort(record, .dropped(reason))
    }

    func settleBestEffort(_ record: WriteRecord, _ fate: MessageFate) {
        bestEffortInFlight -= 1
        requestTick()
        state(
            .settled(
                record.identity,
                record.timeline,
                mode: .bestEffort,
                fate: fate,
                queued: false,
                attempts: record.timeline.written == 0 ? 0 : 1
            )
        )
    }
}
