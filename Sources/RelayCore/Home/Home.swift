import WireProtocol

/// Owns the at-least-once life of the agents whose hash falls to this event loop: order, what is in flight to each,
/// duplicates, acknowledgements and the reading of each queue. A state machine: time comes in, effects go out. An
/// agent's home is fixed by its hash, so nothing of this ever moves between loops; where its connection is on another
/// loop, deliveries and acknowledgements travel there and back in the loops' batches.
struct Home {
    var settings: RelaySettings
    /// false: nothing outlives its connection and an absent recipient is refused.
    let hasStore: Bool
    var recipients: [AgentHash: Recipient] = [:]
    /// Those that need a sweep, and some that did since the last one.
    var watched: [Recipient] = []
    var commits = CommitQueue()
    /// Messages in a batch, collected or under commit.
    var puts: [MessageKey: Delivering] = [:]
    /// Removals on their way to the store; what a sweep finds expired among them was settled already.
    var removals: Set<MessageKey> = []
    /// Removals that found nothing, since the last sweep and since the one before it: kept among `removals` until then.
    var absentees: [MessageKey] = []
    var formerAbsentees: [MessageKey] = []
    /// Removals of failed batches, to be tried again. Past the bound one is forgotten, which costs a redelivery.
    var failedRemovals: [MessageKey] = []
    var effects: [HomeEffect] = []
    /// Accepted, not settled and not in the store: the home's part of what is in flight.
    var unstoredCount = 0
    static let maxFailedRemovals = 100_000
    /// Attempts of one unsettled message that are each owed an answer.
    static let maxWaiters = 64
    private var nextOrder: UInt64 = 0
    private var nextEpoch: UInt64 = 0
    private var nextReading: UInt64 = 0
    private var nextSweep: MonotonicNanoseconds = 0

    init(settings: RelaySettings, hasStore: Bool) {
        self.settings = settings
        self.hasStore = hasStore
    }

    mutating func register(_ agent: AgentHash, _ connection: ConnectionRef) {
        let recipient = recipients[agent] ?? Recipient(agent)
        guard recipient.connections.count < settings.maxConnectionsPerAgent else {
            effects.append(.registered(connection, epoch: nil))
            return
        }
        recipient.connections.append(connection)
        recipient.rewind()
        nextEpoch += 1
        effects.append(.registered(connection, epoch: nextEpoch))
        recipients[agent] = recipient
        watch(recipient)
        readQueue(of: recipient)
    }

    mutating func unregister(_ agent: AgentHash, _ connection: ConnectionRef) {
        guard let recipient = recipients[agent],
            let index = recipient.connections.firstIndex(of: connection)
        else { return }
        let wasPrimary = recipient.primary == connection
        recipient.connections.remove(at: index)
        recipient.pressed.remove(connection)
        let primary = recipient.primary
        if wasPrimary {
            nextEpoch += 1
            effects.append(.route(agent, primary: primary, epoch: nextEpoch))
        }
        let lost = recipient.window.values.filter { $0.sentTo == connection }.sorted { $0.order < $1.order }
        if primary != nil {
            for delivering in lost { resend(delivering, to: recipient) }
            readQueue(of: recipient)
        } else {
            let waiting = lost.filter { park($0, of: recipient) }
            recipient.behind.insert(contentsOf: waiting, at: 0)
            recipient.rewind()
        }
        forget(recipient)
    }

    /// Nobody is left to take it: what is stored waits there, what will be waits behind it (true), the rest has no
    /// second chance.
    private mutating func park(_ delivering: Delivering, of recipient: Recipient) -> Bool {
        recipient.remove(delivering.key.id)
        delivering.sentTo = nil
        delivering.deadline = nil
        switch delivering.persistence {
        case .stored: return false
        case .collecting:
            commits.markUrgent()
            return true
        case .committing: return true
        case .none: drop(delivering, .recipientOffline, answer: .recipientOffline)
        case .refused(let code): drop(delivering, .queueRefused(code), answer: code)
        }
        return false
    }

    mutating func pressure(_ agent: AgentHash, _ connection: ConnectionRef, isHigh: Bool) {
        guard let recipient = recipients[agent], recipient.connections.contains(connection) else { return }
        if isHigh {
            recipient.pressed.insert(connection)
        } else {
            recipient.pressed.remove(connection)
            readQueue(of: recipient)
        }
    }

    mutating func settle(_ delivering: Delivering, _ fate: MessageFate) {
        guard !delivering.isSettled else { return }
        delivering.isSettled = true
        if delivering.persistence != .stored { unstoredCount -= 1 }
        state(delivering, fate)
    }

    mutating func state(_ delivering: Delivering, _ fate: MessageFate) {
        effects.append(
            .fact(
                .settled(
                    delivering.key.identity,
                    delivering.timeline,
                    mode: delivering.mode,
                    fate: fate,
                    queued: delivering.isQueued,
                    attempts: delivering.attempt
                )
            )
        )
    }

    mutating func drop(_ delivering: Delivering, _ reason: DropReason, answer code: NackCode?) {
        settle(delivering, .dropped(reason))
        if let code { answer(delivering, code) }
    }

    mutating func answer(_ delivering: Delivering, _ code: NackCode) {
        for waiter in delivering.waiters { effects.append(.answer(waiter, .refused(delivering.key.id, code))) }
        delivering.waiters = []
    }

    mutating func acknowledge(_ delivering: Delivering, _ kind: AckType) {
        for waiter in delivering.waiters { effects.append(.answer(waiter, .acknowledged(delivering.key.id, kind))) }
        delivering.waiters = []
    }

    mutating func order() -> UInt64 {
        nextOrder += 1
        return nextOrder
    }

    mutating func reading() -> UInt64 {
        nextReading += 1
        return nextReading
    }

    /// Drops the memory of an agent that has nothing here any more.
    mutating func forget(_ recipient: Recipient) {
        if recipient.isForgettable { recipients[recipient.agent] = nil }
    }

    mutating func watch(_ recipient: Recipient) {
        guard !recipient.isWatched else { return }
        recipient.isWatched = true
        watched.append(recipient)
    }

    var nextDeadline: MonotonicNanoseconds? {
        let commit = commits.deadline(settings: settings)
        guard !watched.isEmpty || !removals.isEmpty else { return commit }
        return min(commit ?? .max, nextSweep)
    }

    mutating func timePassed(at now: MonotonicNanoseconds, wallClock: UnixMilliseconds) {
        if now >= nextSweep {
            nextSweep = now + .seconds(1)
            sweep(at: now, wallClock: wallClock)
        }
        if let deadline = commits.deadline(settings: settings), now >= deadline { submit(at: now) }
    }

    mutating func submit(at now: MonotonicNanoseconds) {
        let elided = commits.collecting.elided
        if elided > 0 { effects.append(.event(.writesElided(count: elided))) }
        guard let (id, operations) = commits.submit(at: now) else { return }
        effects.append(.commit(batch: id, operations))
    }

    var hasEffects: Bool { !effects.isEmpty }

    /// - Parameter taken: empty; lends its memory to the next effects.
    mutating func takeEffects(into taken: inout [HomeEffect]) { swap(&taken, &effects) }
}

extension DropReason {
    /// Why the store did not take a message, as the fate of that message.
    static func queueRefused(_ code: NackCode) -> DropReason {
        code == .queueFull ? .queueFull : .storageUnavailable
    }
}
