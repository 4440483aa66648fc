import Synchronization

/// Lets commands in up to a number of bytes not answered. Clients of one cluster share it.
final class BytesInFlight: Sendable {
    private struct State {
        var load = RedisClient.Load()
        var isClosed = false
    }

    private let state = Mutex(State())
    private let most: Int

    init(most: Int) { self.most = most }

    var load: RedisClient.Load { state.withLock { $0.load } }

    func admit(_ bytes: Int) -> RedisFailure? {
        state.withLock { state -> RedisFailure? in
            if state.isClosed { return .closed }
            guard state.load.bytes == 0 || state.load.bytes + bytes <= most else {
                state.load.refused += 1
                return .full
            }
            state.load.bytes += bytes
            return nil
        }
    }

    func release(_ bytes: Int) { state.withLock { $0.load.bytes -= bytes } }

    func close() { state.withLock { $0.isClosed = true } }
}
