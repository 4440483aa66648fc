import Synchronization
import WireProtocol

/// What consumers acknowledged since the event loop last looked.
final class Acknowledgements: Sendable {
    typealias Entry = (key: RepeatWindow.Key, type: AckType)

    private let entries = Mutex<[Entry]>([])
    private let wake: @Sendable () -> Void

    /// - Parameter wake: called from any thread when the first entry is there.
    init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

    func add(_ key: RepeatWindow.Key, _ type: AckType) {
        let isFirst = entries.withLock { entries in
            entries.append((key, type))
            return entries.count == 1
        }
        if isFirst { wake() }
    }

    func takeAll() -> [Entry] {
        entries.withLock { entries in
            defer { entries.removeAll(keepingCapacity: true) }
            return entries
        }
    }
}
