import Dispatch
import RelayCore
import Synchronization

/// The room on a file's volume, asked on a thread of its own: a network volume that is gone makes statvfs(2) wait, and
/// neither a probe nor a scrape may.
final class VolumeWatch: Sendable {
    private struct State {
        var room: VolumeRoom?
        /// nil where the last question was answered.
        var askedAt: MonotonicNanoseconds?
    }

    let name: String
    private let file: String
    private let state: Mutex<State>
    private let queue: DispatchQueue

    init(name: String, file: String) {
        self.name = name
        self.file = file
        state = Mutex(State(room: VolumeRoom(beside: file)))
        queue = DispatchQueue(label: "volume \(name)")
    }

    /// As last answered; nil where the folder cannot be asked.
    var room: VolumeRoom? { state.withLock { $0.room } }

    /// Asks again, unless the last question waits for its answer.
    /// - Returns: how long it has waited.
    func ask(at now: MonotonicNanoseconds) -> MonotonicNanoseconds {
        let waiting: MonotonicNanoseconds? = state.withLock { state in
            if let askedAt = state.askedAt { return now - min(now, askedAt) }
            state.askedAt = now
            return nil
        }
        if let waiting { return waiting }
        queue.async { [self] in
            let room = VolumeRoom(beside: file)
            state.withLock { $0 = State(room: room) }
        }
        return 0
    }
}
