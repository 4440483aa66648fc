import WireProtocol

extension Relay {
    func commit(_ operations: [StoreOperation], batch: UInt64) {
        let port = port
        store?.commit(operations, now: port.wallClock) { result in
            port.perform { relay in
                relay.home.committed(batch, result, at: relay.port.now)
                relay.requestTick()
            }
        }
    }

    func load(_ reading: QueueReading) {
        let port = port
        store?.load(
            reading.recipient,
            past: reading.cursor,
            maxMessages: reading.maxMessages,
            maxBytes: reading.maxBytes,
            now: port.wallClock
        ) { result in
            port.perform { relay in
                relay.home.loaded(reading, result, at: relay.port.now, wallClock: relay.port.wallClock)
                relay.requestTick()
            }
        }
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
        for (home, keys) in byHome { tell(home, .expired(keys)) }
        // A full page: there is more.
        if keys.count == 1_000 { nextExpiry = port.now }
    }
}
