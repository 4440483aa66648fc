public import WireProtocol

extension Relay {
    func commit(_ operations: [StoreOperation], batch: UInt64) {
        let port = port
        let call = settings.tellsStoreCalls ? StoreCall(committing: operations, number: batch, at: port.now) : nil
        store?.commit(operations, now: port.wallClock, call: call) { result in
            port.perform { relay in
                relay.home.committed(batch, result, at: relay.port.now)
                if let call { relay.tell(of: call) { $0.finish(result) } }
                relay.requestTick()
            }
        }
    }

    func load(_ reading: QueueReading) {
        let port = port
        let call = settings.tellsStoreCalls ? StoreCall(reading: reading.reading, at: port.now) : nil
        store?.load(
            reading.recipient,
            past: reading.cursor,
            maxMessages: reading.maxMessages,
            maxBytes: reading.maxBytes,
            now: port.wallClock,
            call: call
        ) { result in
            port.perform { relay in
                relay.home.loaded(reading, result, at: relay.port.now, wallClock: relay.port.wallClock)
                if let call { relay.tell(of: call) { $0.finish(result) } }
                relay.requestTick()
            }
        }
    }

    private func tell(of call: StoreCall, _ finish: (StoreCall) -> Void) {
        finish(call)
        note(.storeCalled(call))
    }

    /// One loop sweeps the store for all of them.
    func expireQueued(at now: MonotonicNanoseconds, wallClock: UnixMilliseconds) {
        guard loop == 0, let store, now >= nextExpiry else { return }
        nextExpiry = now + settings.expiryInterval
        let port = port
        store.expire(now: wallClock, limit: 1_000) { result in
            guard case .success(let keys) = result, !keys.isEmpty else { return }
            port.perform { $0.tellExpired(keys) }
        }
    }

    private func tellExpired(_ keys: [MessageKey]) {
        let byHome = Dictionary(grouping: keys) { Hub.home(of: $0.recipient, loops: loops) }
        for (home, keys) in byHome { tell(home, .gone(keys, .expired)) }
        // A full page: there is more.
        if keys.count == 1_000 { nextExpiry = port.now }
    }

    /// Empties the queue of an agent, a page at a time, so that the loop turns and the store commits between them. What
    /// is accepted meanwhile may stay.
    /// - Parameter completion: on this loop, with how many were dropped. A failure leaves what was not removed yet.
    public func purge(
        _ agent: AgentHash,
        purged: Int = 0,
        completion: @escaping @Sendable (Result<Int, StoreFailure>) -> Void
    ) {
        guard let store else { return completion(.success(0)) }
        let port = port
        store.purge(agent, now: port.wallClock, limit: Self.purgePage) { result in
            port.perform { relay in
                switch result {
                case .failure(let failure): completion(.failure(failure))
                case .success(let keys):
                    if !keys.isEmpty { relay.tellHome(of: agent, .gone(keys, .dropped(.purged))) }
                    let purged = purged + keys.count
                    guard keys.count == Self.purgePage else { return completion(.success(purged)) }
                    relay.purge(agent, purged: purged, completion: completion)
                }
            }
        }
    }

    private static let purgePage = 1_000
}
