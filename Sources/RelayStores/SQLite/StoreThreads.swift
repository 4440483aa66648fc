import Synchronization

/// The threads of a store and the file they share: its lock is let go when the last of them has ended.
final class StoreThreads: Sendable {
    private struct State: ~Copyable {
        var running = 0
        var file: StoreFile?
        var waiting: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    func keep(_ file: consuming sending StoreFile) {
        var file: StoreFile? = file
        state.withLock { $0.file = file.take() }
    }

    func start(_ name: String, _ body: sending @escaping () -> Void) throws(SQLiteError) {
        state.withLock { $0.running += 1 }
        do {
            try StoreThread.run(name: name) { [self] in
                body()
                ended()
            }
        } catch {
            ended()
            throw error
        }
    }

    func whenAllEnded(_ completion: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state -> Bool in
            if state.running > 0 { state.waiting.append(completion) }
            return state.running == 0
        }
        if isOver { completion() }
    }

    private func ended() {
        let waiting = state.withLock { state -> [@Sendable () -> Void] in
            state.running -= 1
            guard state.running == 0 else { return [] }
            state.file = nil
            defer { state.waiting = [] }
            return state.waiting
        }
        for completion in waiting { completion() }
    }
}
