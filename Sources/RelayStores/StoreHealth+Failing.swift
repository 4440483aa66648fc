import RelayCore

extension StoreHealth {
    /// The first failure's time stands until a success.
    mutating func fail(_ reason: String, at now: MonotonicNanoseconds) {
        guard case .failing(_, let since) = self else {
            self = .failing(reason: reason, since: now)
            return
        }
        self = .failing(reason: reason, since: since)
    }
}
