import WireProtocol

extension Home {
    /// The store answered a batch.
    mutating func committed(
        _ id: UInt64,
        _ result: Result<[StoreOutcome], StoreFailure>,
        at now: MonotonicNanoseconds
    ) {
        guard let (batch, startedAt) = commits.finish(id) else { return }
        switch result {
        case .success(let outcomes) where outcomes.count == batch.entries.count:
            for (entry, outcome) in zip(batch.entries, outcomes) { apply(outcome, to: entry, at: now) }
            let failed = outcomes.count(where: \.isFailed)
            effects.append(
                .event(.storeCommitted(operations: outcomes.count - failed, started: startedAt, at: now))
            )
            if let failure = outcomes.lazy.compactMap(\.failure).first { effects.append(.event(.storeFailed(failure))) }
        case .success: failed(batch, .unavailable(reason: "an answer to another batch"))
        case .failure(let failure): failed(batch, failure)
        }
        // What was collected meanwhile waited for this commit only.
        if let deadline = commits.deadline(settings: settings), now >= deadline { submit(at: now) }
    }

    private mutating func failed(_ batch: CommitQueue.Batch, _ failure: StoreFailure) {
        for entry in batch.entries { fail(entry) }
        effects.append(.event(.storeFailed(failure)))
    }

    private mutating func apply(_ outcome: StoreOutcome, to entry: CommitQueue.Entry, at now: MonotonicNanoseconds) {
        guard !outcome.isFailed else { return fail(entry) }
        switch entry {
        case .elided: break
        case .remove(let key):
            recipients[key.recipient]?.noteGone(key)
            // Expired before: the word of it comes by way of another loop, perhaps after this, and finds it settled.
            if outcome == .absent { absentees.append(key) } else { removals.remove(key) }
        case .put(let delivering):
            puts[delivering.key] = nil
            let recipient = recipients[delivering.key.recipient]
            let wasBehind = recipient.map { takeFromBehind(delivering, of: $0) } ?? false
            switch outcome {
            case .stored(let sequence): stored(delivering, sequence: sequence, recipient, isLive: !wasBehind, at: now)
            case .duplicate: duplicate(delivering, isLive: !wasBehind)
            case .refused, .removed, .absent, .failed: refused(delivering, .queueFull, isLive: !wasBehind)
            }
            guard let recipient else { return }
            if wasBehind { readQueue(of: recipient) }
            forget(recipient)
        }
    }

    /// True where the message waited behind others and was not sent.
    func takeFromBehind(_ delivering: Delivering, of recipient: Recipient) -> Bool {
        guard let index = recipient.behind.firstIndex(where: { $0 === delivering }) else { return false }
        recipient.behind.remove(at: index)
        return true
    }

    private mutating func stored(
        _ delivering: Delivering,
        sequence: Int64,
        _ recipient: Recipient?,
        isLive: Bool,
        at now: MonotonicNanoseconds
    ) {
        delivering.timeline.stored = now
        delivering.persistence = .stored
        if !delivering.isSettled {
            unstoredCount -= 1
            effects.append(.fact(.stored(delivering.key.identity, delivering.timeline, mode: delivering.mode)))
            recipient?.gone.remove(delivering.key)
        }
        acknowledge(delivering, .queued)
        guard let recipient else { return }
        if isLive {
            // It is in the window: the next page need not hold it. While older messages are still to be read, the
            // cursor stays before them.
            guard recipient.backlog == .read else { return }
            let lane = delivering.message.lane
            recipient.cursor[lane] = max(recipient.cursor[lane], sequence)
        } else {
            markUnread(recipient)
        }
    }

    private mutating func markUnread(_ recipient: Recipient) {
        switch recipient.backlog {
        case .read, .failed: recipient.backlog = .unread
        case .loading: recipient.backlog = .loading(isStale: true)
        case .unread: break
        }
        if recipient.primary != nil { watch(recipient) }
    }

    /// The store holds an older copy of this message: that one counts, this one ends here.
    private mutating func duplicate(_ delivering: Delivering, isLive: Bool) {
        guard !delivering.isSettled else {
            // Acknowledged meanwhile: the removal that followed takes the older copy, which ends here as well. Or the
            // older copy expired meanwhile, when this one was sent in its place.
            state(delivering, .dropped(.duplicate))
            acknowledge(delivering, .queued)
            return
        }
        settle(delivering, .dropped(.duplicate))
        acknowledge(delivering, .queued)
        guard isLive, let copy = recipients[delivering.key.recipient]?.remove(delivering.key.id) else { return }
        // The copy in the window now stands for the stored row.
        let twin = Delivering(
            message: copy.message,
            mode: copy.mode,
            order: copy.order,
            timeline: copy.timeline,
            persistence: .stored,
            waiters: []
        )
        twin.sentTo = copy.sentTo
        twin.attempt = copy.attempt
        twin.deadline = copy.deadline
        recipients[delivering.key.recipient]?.insert(twin)
    }

    private mutating func refused(_ delivering: Delivering, _ code: NackCode, isLive: Bool) {
        guard !delivering.isSettled else {
            // What ended was the older copy, which a page held and this one was sent for; this one ends here.
            if delivering.isSeenStored { state(delivering, .dropped(.queueRefused(code))) }
            return answer(delivering, code)
        }
        if isLive {
            // Its recipient may yet acknowledge it; the sender hears of neither until then.
            delivering.persistence = .refused(code)
        } else {
            drop(delivering, .queueRefused(code), answer: code)
        }
    }

    private mutating func fail(_ entry: CommitQueue.Entry) {
        switch entry {
        case .elided: break
        case .remove(let key) where failedRemovals.count < Self.maxFailedRemovals: failedRemovals.append(key)
        case .remove(let key): removals.remove(key)
        case .put(let delivering):
            puts[delivering.key] = nil
            let recipient = recipients[delivering.key.recipient]
            let isLive = recipient.map { !takeFromBehind(delivering, of: $0) } ?? true
            if delivering.isSeenStored {
                // Its own commit failed, so what the page held was the older copy.
                duplicate(delivering, isLive: isLive)
            } else {
                refused(delivering, .storageUnavailable, isLive: isLive)
            }
            if let recipient { forget(recipient) }
        }
    }
}
