import Synchronization

/// Lets something be closed once, however often it is asked for.
final class Closing: Sendable {
    private enum State {
        case open
        case underWay([@Sendable () -> Void])
        case done
    }

    private let state = Mutex(State.open)

    var isBegun: Bool { state.withLock { if case .open = $0 { false } else { true } } }

    /// - Returns: true for the first, who is to close and call `finish`.
    func begin(_ completion: @escaping @Sendable () -> Void) -> Bool {
        let (isFirst, isDone) = state.withLock { state -> (Bool, Bool) in
            switch state {
            case .open:
                state = .underWay([completion])
                return (true, false)
            case .underWay(let others):
                state = .underWay(others + [completion])
                return (false, false)
            case .done: return (false, true)
            }
        }
        if isDone { completion() }
        return isFirst
    }

    func finish() {
        let waiting = state.withLock { state -> [@Sendable () -> Void] in
            defer { state = .done }
            guard case .underWay(let waiting) = state else { return [] }
            return waiting
        }
        for completion in waiting { completion() }
    }
}
