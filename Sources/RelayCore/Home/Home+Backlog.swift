import WireProtocol

extension Home {
    /// Asks for the next page of an agent's queue, or sends on what waited behind it, where there is room.
    mutating func readQueue(of recipient: Recipient) {
        guard recipient.primary != nil, !recipient.isPressed else { return }
        if isCaughtUp(recipient) { return promote(recipient) }
        guard hasStore, recipient.backlog == .unread else { return }
        let room = settings.maxInFlightMessages - recipient.window.count
        let bytes = settings.maxInFlightBytes - recipient.windowBytes
        // A page holds one message at least.
        guard room > 0, bytes > 0 else { return }
        // Half a window at least, so that one ACK does not cost one query.
        guard room >= settings.maxInFlightMessages / 2 || recipient.window.isEmpty else { return }
        let reading = reading()
        // The lanes share a long queue by their weights, page by page.
        var cursor = recipient.cursor
        cursor.first = Lanes.turns[recipient.pages % Lanes.turns.count]
        recipient.pages += 1
        recipient.backlog = .loading(isStale: false)
        recipient.reading = reading
        effects.append(
            .load(
                QueueReading(
                    recipient: recipient.agent,
                    reading: reading,
                    cursor: cursor,
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
        guard let recipient = recipients[reading.recipient], recipient.reading == reading.reading,
            case .loading(let isStale) = recipient.backlog
        else { return }
        defer { recipient.gone = [] }
        watch(recipient)
        guard case .success(let page) = result else {
            recipient.backlog = .failed
            return
        }
        let isComplete = page.messages.allSatisfy { queued in
            let waited = MonotonicNanoseconds.milliseconds(wallClock - min(wallClock, queued.message.acceptedAt))
            var timeline = MessageTimeline(received: now > waited ? now - waited : 1)
            timeline.routed = now
            return send(queued, to: recipient, timeline)
        }
        recipient.backlog = page.isLast && isComplete && !isStale ? .read : .unread
        if isComplete { readQueue(of: recipient) }
    }

    /// False where the message must wait: another sender's message of the same id is in flight.
    private mutating func send(
        _ queued: QueuedMessage,
        to recipient: Recipient,
        _ timeline: MessageTimeline
    ) -> Bool {
        let message = queued.message
        let same = recipient.window[message.routing.id]
        if let same, same.key != message.key { return false }
        recipient.cursor[message.lane] = queued.sequence
        guard same == nil else { return true }
        if let put = puts[message.key], !endsBeforeCommit(put) {
            // Durable already, though the answer to its batch is still on its way here.
            put.isSeenStored = true
            if takeFromBehind(put, of: recipient) { send(put, to: recipient) }
            return true
        }
        guard !recipient.gone.contains(message.key), !removals.contains(message.key) else { return true }
        let delivering = Delivering(
            message: message,
            mode: message.routing.mode(flags: message.flags) ?? .atLeastOnce,
            order: order(),
            timeline: timeline,
            persistence: .stored,
            waiters: []
        )
        delivering.isQueued = true
        noteTrace(of: message)
        send(delivering, to: recipient)
        return true
    }

    /// A retry not given to the store yet, where the store turned out to hold the first copy: that one counts.
    private mutating func endsBeforeCommit(_ put: Delivering) -> Bool {
        guard case .collecting(let index) = put.persistence else { return false }
        commits.elide(at: index)
        puts[put.key] = nil
        if let recipient = recipients[put.key.recipient] { _ = takeFromBehind(put, of: recipient) }
        settle(put, .dropped(.duplicate))
        acknowledge(put, .queued)
        return true
    }

    /// Nothing is stored past the cursor: what waited behind it, still on its way to the store, may be sent in order.
    private mutating func promote(_ recipient: Recipient) {
        while let next = recipient.behind.first, next.mode != .exactlyOnce, recipient.window[next.key.id] == nil,
            recipient.hasRoom(for: next.message.byteCount, settings: settings)
        {
            recipient.behind.removeFirst()
            send(next, to: recipient)
        }
    }
}
