import WireProtocol

extension Home {
    /// The write of a message completed on the connection it was sent to.
    mutating func written(
        _ id: MessageID,
        to agent: AgentHash,
        on connection: ConnectionRef,
        enqueued: MonotonicNanoseconds,
        at now: MonotonicNanoseconds
    ) {
        guard let delivering = recipients[agent]?.window[id], delivering.sentTo == connection else { return }
        delivering.timeline.enqueued = enqueued
        delivering.timeline.written = now
        delivering.deadline = now + settings.redeliverAfter
    }

    /// The recipient acknowledged. Ids that are not in flight to it settle nothing.
    mutating func acknowledged(
        _ ids: [MessageID],
        _ kind: AckType,
        by agent: AgentHash,
        at now: MonotonicNanoseconds
    ) {
        let recipient = recipients[agent]
        for id in ids {
            guard let delivering = recipient?.remove(id) else {
                effects.append(.event(.unknownAcknowledgement))
                continue
            }
            delivering.timeline.acknowledged = now
            finish(delivering, kind, at: now)
        }
        guard let recipient else { return }
        readQueue(of: recipient)
        forget(recipient)
    }

    private mutating func finish(_ delivering: Delivering, _ kind: AckType, at now: MonotonicNanoseconds) {
        takeBack(delivering, at: now)
        settle(delivering, .delivered)
        acknowledge(delivering, kind)
    }

    /// The connection it was sent to could not be given it: its envelope is not what its head says, and never will be.
    mutating func unreadable(
        _ id: MessageID,
        to agent: AgentHash,
        on connection: ConnectionRef,
        at now: MonotonicNanoseconds
    ) {
        guard let recipient = recipients[agent], let delivering = recipient.window[id],
            delivering.sentTo == connection
        else { return }
        recipient.remove(id)
        takeBack(delivering, at: now)
        settle(delivering, .dropped(.unreadable))
        readQueue(of: recipient)
        forget(recipient)
    }

    /// Out of the store, or of the batch that would bring it there.
    private mutating func takeBack(_ delivering: Delivering, at now: MonotonicNanoseconds) {
        switch delivering.persistence {
        case .none, .refused: break
        case .collecting(let index):
            // Elision: over before its commit began, so it is never written.
            commits.elide(at: index)
            puts[delivering.key] = nil
        case .committing, .stored: remove(delivering.key, at: now)
        }
    }

    mutating func remove(_ key: MessageKey, at now: MonotonicNanoseconds) {
        removals.insert(key)
        commits.remove(key, at: now)
    }

    /// The store removed these, for their age or because somebody emptied the queue.
    mutating func gone(_ keys: [MessageKey], _ fate: MessageFate) {
        for key in keys where !removals.contains(key) {
            let recipient = recipients[key.recipient]
            recipient?.noteGone(key)
            guard let recipient, let delivering = recipient.inWindow(key), delivering.isWithStore else {
                let timeline = MessageTimeline(received: 0)
                effects.append(
                    .fact(
                        .settled(
                            key.identity,
                            timeline,
                            mode: .atLeastOnce,
                            fate: fate,
                            queued: true,
                            attempts: 0
                        )
                    )
                )
                continue
            }
            recipient.remove(key.id)
            settle(delivering, fate)
            forget(recipient)
        }
    }

    /// Once a second: what was not acknowledged in time is sent again, or left to the queue after its last attempt.
    mutating func sweep(at now: MonotonicNanoseconds, wallClock: UnixMilliseconds) {
        let swept = watched
        watched = []
        for recipient in swept {
            recipient.isWatched = false
            // Forgotten meanwhile, and perhaps another in its place.
            guard recipients[recipient.agent] === recipient else { continue }
            for delivering in recipient.window.values.sorted(by: { $0.order < $1.order }) {
                check(delivering, of: recipient, at: now, wallClock: wallClock)
            }
            if recipient.backlog == .failed { recipient.backlog = .unread }
            readQueue(of: recipient)
            forget(recipient)
            if recipient.needsSweep { watch(recipient) }
        }
        for key in formerAbsentees { removals.remove(key) }
        formerAbsentees = absentees
        absentees = []
        for key in failedRemovals { commits.remove(key, at: now) }
        failedRemovals = []
    }

    private mutating func check(
        _ delivering: Delivering,
        of recipient: Recipient,
        at now: MonotonicNanoseconds,
        wallClock: UnixMilliseconds
    ) {
        let isStored = delivering.persistence == .stored
        if !isStored, delivering.persistence != .committing, delivering.message.expiresAt <= wallClock {
            return expire(delivering, of: recipient)
        }
        guard let deadline = delivering.deadline, now >= deadline else { return }
        if delivering.attempt < settings.maxAttempts { return resend(delivering, to: recipient) }
        switch delivering.persistence {
        case .stored: recipient.remove(delivering.key.id)
        case .collecting, .committing: break
        case .none, .refused:
            recipient.remove(delivering.key.id)
            drop(delivering, .recipientOffline, answer: .recipientOffline)
        }
    }

    /// Its time passed while memory alone held it.
    private mutating func expire(_ delivering: Delivering, of recipient: Recipient) {
        recipient.remove(delivering.key.id)
        if case .collecting(let index) = delivering.persistence {
            commits.elide(at: index)
            puts[delivering.key] = nil
        }
        settle(delivering, .expired)
        answer(delivering, .expired)
    }
}
