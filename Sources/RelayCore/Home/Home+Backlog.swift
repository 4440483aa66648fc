import WireProtocol

extension Home {
    /// Asks for the next page of an agent's queue, or sends on what waited behind it, where there is room.
    mutating func readQueue(of agent: AgentHash) {
        guard let recipient = recipients[agent], recipient.primary != nil, !recipient.isPressed else { return }
        if isCaughtUp(recipient) { return promote(agent) }
        guard hasStore, recipient.backlog == .unread else { return }
        // Half a window at least, so that one ACK does not cost one query.
        let room = settings.maxInFlightMessages - recipient.window.count
        let bytes = settings.maxInFlightBytes - recipient.windowBytes
        guard room >= settings.maxInFlightMessages / 2 || recipient.window.isEmpty, bytes > 0 else { return }
        let reading = reading()
        recipients[agent]?.backlog = .loading(isStale: false)
        recipients[agent]?.reading = reading
        effects.append(
            .load(
                QueueReading(
                    recipient: agent,
                    reading: reading,
                    cursor: recipient.cursor,
                    maxMessages: room,
                    maxBytes: bytes
                )
            )
        )
    }

    mutating func loaded(
        _ reading: QueueReading,
        _ result: Result<QueuePage, StoreFailure>,
        at now: MonotonicNanoseconds,
        wallClock: UnixMilliseconds
    ) {
        let agent = reading.recipient
        guard let recipient = recipients[agent], recipient.reading == reading.reading,
            case .loading(let isStale) = recipient.backlog
        else { return }
        defer { recipients[agent]?.gone = [] }
        guard case .success(let page) = result else {
            recipients[agent]?.backlog = .failed
            return
        }
        let isComplete = page.messages.allSatisfy { queued in
            let waited = MonotonicNanoseconds.milliseconds(wallClock - min(wallClock, queued.message.acceptedAt))
            return send(queued, to: agent, received: now > waited ? now - waited : 1)
        }
        recipients[agent]?.backlog = page.isLast && isComplete && !isStale ? .read : .unread
        if isComplete { readQueue(of: agent) }
    }

    /// False where the message must wait: another sender's message of the same id is in flight.
    private mutating func send(
        _ queued: QueuedMessage,
        to agent: AgentHash,
        received: MonotonicNanoseconds
    ) -> Bool {
        let message = queued.message
        if let same = recipients[agent]?.window[message.routing.id], same.key != message.key { return false }
        recipients[agent]?.cursor[message.lane] = queued.sequence
        guard recipients[agent]?.window[message.routing.id] == nil else { return true }
        if let put = puts[message.key], !endsBeforeCommit(put) {
            // Durable already, though the answer to its batch is still on its way here.
            put.isSeenStored = true
            if takeFromBehind(put) { send(put, to: agent) }
            return true
        }
        let isGone = recipients[agent]?.gone.contains(message.key) == true
        guard !isGone, !removals.contains(message.key) else { return true }
        let delivering = Delivering(
            message: message,
            mode: message.routing.mode(flags: message.flags) ?? .atLeastOnce,
            order: order(),
            timeline: MessageTimeline(received: received),
            persistence: .stored,
            waiters: []
        )
        delivering.isQueued = true
        send(delivering, to: agent)
        return true
    }

    /// A retry not given to the store yet, where the store turned out to hold the first copy: that one counts.
    private mutating func endsBeforeCommit(_ put: Delivering) -> Bool {
        guard case .collecting(let index) = put.persistence else { return false }
        commits.elide(at: index)
        puts[put.key] = nil
        _ = takeFromBehind(put)
        settle(put, .dropped(.duplicate))
        acknowledge(put, .queued)
        return true
    }

    /// The store has removed it: a page that was read before must not bring it back.
    mutating func noteGone(_ key: MessageKey) {
        guard case .loading = recipients[key.recipient]?.backlog else { return }
        recipients[key.recipient]?.gone.insert(key)
    }

    /// Nothing is stored past the cursor: what waited behind it, still on its way to the store, may be sent in order.
    private mutating func promote(_ agent: AgentHash) {
        while let next = recipients[agent]?.behind.first, next.mode != .exactlyOnce,
            let recipient = recipients[agent], recipient.window[next.key.id] == nil,
            recipient.hasRoom(for: next.message.byteCount, settings: settings)
        {
            recipients[agent]?.behind.removeFirst()
            send(next, to: agent)
        }
    }
}
