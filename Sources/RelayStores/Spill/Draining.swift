import RelayCore
import WireProtocol

/// Brings what the spill holds to the primary, an agent's page at a time: first the removals it is owed, then messages,
/// each out of the file only once the primary has it. A crash between the two makes a duplicate, which the primary
/// knows, or a message that is delivered twice, as at least once allows.
extension SpillingStore {
    private static let pageMessages = 500
    private static let pageBytes = 4 << 20

    /// Begins where nothing is being moved. The first failure ends it until the next call.
    func drain(now: UnixMilliseconds) {
        guard update({ $0.diversions.beginDraining() }) else { return }
        drainNext(now: now, passed: 0)
    }

    private func stop() { update { $0.diversions.stopDraining() } }

    /// - Parameter passed: agents in a row of whom nothing could be moved.
    private func drainNext(now: UnixMilliseconds, passed: Int) {
        let next = update { state in passed < state.diversions.agents ? state.diversions.next() : nil }
        guard let (agent, owed, mark) = next else { return stop() }
        guard owed.isEmpty else { return pay(owed, now: now, passed: passed) }
        spill.load(
            agent,
            past: .start,
            maxMessages: Self.pageMessages,
            maxBytes: Self.pageBytes,
            now: now
        ) { result in
            guard let page = try? result.get() else { return self.stop() }
            guard page.messages.isEmpty else { return self.move(page, of: agent, now: now, passed: passed) }
            let isSettled = self.update { state in
                let isSettled = state.diversions.settled(agent, mark: mark)
                if !isSettled { state.diversions.pass(agent) }
                return isSettled
            }
            self.drainNext(now: now, passed: isSettled ? 0 : passed + 1)
        }
    }

    private func pay(_ owed: [MessageKey], now: UnixMilliseconds, passed: Int) {
        primary.commit(owed.map { .remove($0) }, now: now) { result in
            guard case .success = result else { return self.stop() }
            self.update { $0.diversions.paid(owed) }
            self.drainNext(now: now, passed: 0)
        }
    }

    private func move(_ page: QueuePage, of agent: AgentHash, now: UnixMilliseconds, passed: Int) {
        primary.commit(page.messages.map { .put($0.message) }, now: now) { result in
            guard let outcomes = try? result.get() else { return self.stop() }
            var taken: [StoreOperation] = []
            var duplicates = 0
            for (queued, outcome) in zip(page.messages, outcomes) {
                switch outcome {
                case .stored: break
                case .duplicate: duplicates += 1
                // The primary is full of this agent, or altogether: it stays here, and is tried again.
                case .refused, .removed, .absent: continue
                }
                taken.append(.remove(queued.message.key))
            }
            self.forget(taken, duplicates: duplicates, of: agent, now: now, passed: passed)
        }
    }

    private func forget(
        _ taken: [StoreOperation],
        duplicates: Int,
        of agent: AgentHash,
        now: UnixMilliseconds,
        passed: Int
    ) {
        guard !taken.isEmpty else {
            update { $0.diversions.pass(agent) }
            return drainNext(now: now, passed: passed + 1)
        }
        spill.commit(taken, now: now) { result in
            guard case .success = result else { return self.stop() }
            self.update { state in
                state.statistics.moved += taken.count
                state.statistics.duplicates += duplicates
            }
            self.drainNext(now: now, passed: 0)
        }
    }
}
