public import NIOCore
public import WireProtocol

extension Relay {
    /// A socket is open: it has an outbox and counts from now on.
    public func open(_ socket: any ConnectionSocket, at now: MonotonicNanoseconds) -> Connection {
        requestTick()
        note(.connectionOpened)
        return connections.insert { ref in
            let outbox = Outbox(
                maxBytes: settings.outboxMaxBytes,
                compressionThreshold: settings.compressionThreshold,
                pool: buffers
            )
            return Connection(ref: ref, socket: socket, openedAt: now, outbox: outbox)
        }
    }

    /// The connection proved to be this agent's. `ConnectionSocket.registered` says whether there was room for it.
    public func authenticated(_ connection: Connection, as agent: AgentHash) {
        connection.agent = agent
        tellHome(of: agent, .register(agent, connection.ref))
    }

    public func close(_ connection: Connection, reason: CloseReason) {
        guard !connection.isClosed else { return }
        connection.isClosed = true
        withOutbox(connection) { outbox in
            outbox.abandon { record in if !record.hasHome { dropBestEffort(record, .disconnected) } }
        }
        if let agent = connection.agent {
            if connection.announcementsLeft > 0 { tellEveryLoop(.withdraw(agent, primary: connection.ref)) }
            tellHome(of: agent, .unregister(agent, connection.ref))
        }
        if connection.isRegistered { agentConnections -= 1 }
        leaveRate(connection, at: port.now)
        connections.remove(connection.ref)
        pressed.remove(connection.ref)
        note(.connectionClosed(reason: reason, opened: connection.openedAt, at: port.now))
    }

    /// Puts a control frame on its way; ends a connection whose reader let them pile up.
    public func send(_ frame: OutgoingFrame, to connection: Connection) {
        guard !connection.isClosed else { return }
        let fits = withOutbox(connection) { $0.append(frame) }
        markDirty(connection)
        if !fits { closeSlowConsumer(connection) }
    }

    func startFlush(_ connection: Connection, at now: MonotonicNanoseconds, wallClock: UnixMilliseconds) {
        guard !connection.isClosed else { return }
        let buffer = withOutbox(connection) { outbox in
            outbox.startFlush(at: now, wallClock: wallClock) { record in
                if !record.hasHome { settleBestEffort(record, .expired) }
            }
        }
        convert(for: connection)
        if let buffer { return connection.socket.flush(buffer) }
        // All that waited may have expired in its lane: no flush will say that there is room.
        relievePressure(connection)
    }

    /// The bytes of `ConnectionSocket.flush` have left for the socket.
    public func flushed(_ buffer: ByteBuffer, of connection: Connection) {
        guard !connection.isClosed else { return }
        let now = port.now
        connection.traffic.bytesOut &+= UInt64(buffer.writerIndex)
        let messages = withOutbox(connection) { outbox in
            outbox.finishFlush(buffer) { written($0, on: connection, at: now) }
        }
        connection.traffic.messagesOut &+= UInt64(messages)
        relievePressure(connection)
        if connection.outbox.hasWork { markDirty(connection) } else { requestTick() }
    }

    private func written(_ record: WriteRecord, on connection: Connection, at now: MonotonicNanoseconds) {
        var record = record
        record.timeline.written = now
        guard record.hasHome else { return settleBestEffort(record, .delivered) }
        state(
            .written(
                record.identity,
                record.timeline,
                mode: record.mode,
                queued: record.isQueued,
                attempt: Int(record.attempt)
            )
        )
        guard let agent = connection.agent else { return }
        let enqueued = record.timeline.enqueued
        tellHome(of: agent, .written(record.identity.id, to: agent, on: connection.ref, enqueued: enqueued, at: now))
    }

    /// Keeps the loop's sum of outbox bytes while the outbox is worked on.
    func withOutbox<Result>(_ connection: Connection, _ body: (inout Outbox) -> Result) -> Result {
        let before = connection.outbox.byteCount
        defer { outboxBytes += connection.outbox.byteCount - before }
        return body(&connection.outbox)
    }

    func registered(_ ref: ConnectionRef, epoch: UInt64?) {
        guard let connection = connections[ref], let agent = connection.agent else { return }
        guard let epoch else {
            connection.socket.registered(isAccepted: false)
            return connection.agent = nil
        }
        // AUTH_OK says that whatever is sent to the agent from now on finds it: first every loop takes the route. What
        // comes for it meanwhile waits in its lanes, behind AUTH_OK.
        connection.outbox.isHeld = true
        connection.announcementsLeft = loops
        tellEveryLoop(.announce(agent, primary: ref, epoch: epoch))
    }

    /// One more loop knows where the agent is.
    func announced(_ ref: ConnectionRef) {
        guard let connection = connections[ref] else { return }
        connection.announcementsLeft -= 1
        guard connection.announcementsLeft == 0 else { return }
        connection.isRegistered = true
        agentConnections += 1
        joinRate(connection, at: port.now)
        connection.socket.registered(isAccepted: true)
        connection.outbox.isHeld = false
        markDirty(connection)
    }

    /// Every connection of this loop, for a drain.
    public var openConnections: [Connection] { connections.all }

    public func clock() -> MonotonicNanoseconds { port.now }

    /// Runs on this loop, when it has turned.
    public func later(_ work: @escaping @Sendable (Relay) -> Void) { port.perform(work) }

    /// nil for one that is gone.
    public func connection(_ ref: ConnectionRef) -> Connection? { connections[ref] }

    /// Looks at the connections in `count` slots, so that one who looks at all of them can let the loop turn between.
    /// - Returns: the slot to go on from; nil at the end.
    public func visitConnections(from slot: Int, slots count: Int, _ body: (Connection) -> Void) -> Int? {
        connections.visit(from: slot, slots: count, body)
    }
}
