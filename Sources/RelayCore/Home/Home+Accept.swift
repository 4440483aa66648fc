import WireProtocol

extension Home {
    /// A message arrived for an agent of this home, from a sender's connection on any loop.
    mutating func accept(
        _ message: Message,
        from sender: ConnectionRef,
        mode: DeliveryMode,
        timeline: MessageTimeline,
        at now: MonotonicNanoseconds
    ) {
        let key = message.key
        let known = recipients[key.recipient]
        if let first = puts[key] ?? known?.inWindow(key) { return join(first, sender) }
        guard !removals.contains(key) else { return repeatAcknowledgement(of: key, to: sender) }
        let delivering = Delivering(
            message: message,
            mode: mode,
            order: order(),
            timeline: timeline,
            persistence: .none,
            waiters: [sender]
        )
        delivering.timeline.routed = now
        unstoredCount += 1
        effects.append(.fact(.accepted(key.identity, mode: mode, bytes: message.byteCount)))
        noteTrace(of: message)
        // Nobody keeps ids of exactly-once messages where there is no queue: a retry could not help.
        guard mode != .exactlyOnce || hasStore else {
            return drop(delivering, .recipientOffline, answer: .recipientOffline)
        }
        guard commits.pendingBytes + message.byteCount <= settings.maxCommittingBytes else {
            return drop(delivering, .storageUnavailable, answer: .storageUnavailable)
        }
        if let known, maySendAtOnce(delivering, to: known) {
            persist(delivering, isUrgent: false, at: now)
            send(delivering, to: known)
        } else if hasStore {
            persist(delivering, isUrgent: true, at: now)
            wait(delivering, in: known ?? remember(key.recipient))
        } else {
            let isConnected = known?.primary != nil
            drop(
                delivering,
                isConnected ? .queueFull : .recipientOffline,
                answer: isConnected ? .queueFull : .recipientOffline
            )
        }
    }

    mutating func noteTrace(of message: Message) {
        if let context = message.traceContext { effects.append(.event(.traced(message.routing.id, context))) }
    }

    private mutating func remember(_ agent: AgentHash) -> Recipient {
        let recipient = Recipient(agent)
        recipients[agent] = recipient
        return recipient
    }

    private mutating func wait(_ delivering: Delivering, in recipient: Recipient) {
        recipient.behind.append(delivering)
        if recipient.primary != nil { watch(recipient) }
    }

    /// A retry of a message that is not settled: one ACK an attempt, when the first copy gets its own.
    private mutating func join(_ first: Delivering, _ sender: ConnectionRef) {
        effects.append(.event(.duplicateJoined))
        // Past the bound an attempt goes unanswered, and the message is retried or has its answer from another attempt.
        if first.waiters.count < Self.maxWaiters { first.waiters.append(sender) }
        if first.isSettled {
            acknowledge(first, .received)
        } else if first.persistence == .stored {
            acknowledge(first, .queued)
        }
    }

    /// A retry of a message that its recipient has acknowledged and the store still holds. Stored anew, it would meet
    /// the removal that is on its way, which speaks of its key.
    private mutating func repeatAcknowledgement(of key: MessageKey, to sender: ConnectionRef) {
        effects.append(.event(.duplicateJoined))
        effects.append(.answer(sender, .acknowledged(key.id, .received)))
    }

    private func maySendAtOnce(_ delivering: Delivering, to recipient: Recipient) -> Bool {
        // Exactly once commits before its first write, always (protocol section 7).
        guard delivering.mode != .exactlyOnce || !hasStore else { return false }
        return recipient.primary != nil && isCaughtUp(recipient) && recipient.behind.isEmpty && !recipient.isPressed
            && recipient.hasRoom(for: delivering.message.byteCount, settings: settings)
            && recipient.window[delivering.key.id] == nil
    }

    func isCaughtUp(_ recipient: Recipient) -> Bool { !hasStore || recipient.backlog == .read }

    private mutating func persist(_ delivering: Delivering, isUrgent: Bool, at now: MonotonicNanoseconds) {
        guard hasStore else { return }
        puts[delivering.key] = delivering
        commits.put(delivering, isUrgent: isUrgent, at: now)
    }

    /// Puts the message into its recipient's window and on its way to the primary connection.
    mutating func send(_ delivering: Delivering, to recipient: Recipient) {
        guard let primary = recipient.primary else { return }
        recipient.insert(delivering)
        watch(recipient)
        transmit(delivering, to: primary)
    }

    mutating func resend(_ delivering: Delivering, to recipient: Recipient) {
        guard let primary = recipient.primary else { return }
        effects.append(.event(.redelivered))
        transmit(delivering, to: primary)
    }

    private mutating func transmit(_ delivering: Delivering, to primary: ConnectionRef) {
        delivering.attempt += 1
        delivering.sentTo = primary
        delivering.deadline = nil
        let record = WriteRecord(
            identity: delivering.key.identity,
            timeline: delivering.timeline,
            mode: delivering.mode,
            hasHome: true,
            isQueued: delivering.isQueued,
            attempt: UInt8(clamping: delivering.attempt)
        )
        let message = delivering.message
        effects.append(
            .deliver(
                primary,
                OutboxMessage(
                    flags: message.flags,
                    payload: message.payload,
                    lane: message.lane,
                    expiresAt: message.expiresAt,
                    record: record,
                    sender: delivering.origin
                )
            )
        )
    }
}
