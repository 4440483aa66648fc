import RelayCore
import RelayStores

/// The store that the configuration names. It keeps the pinned keys also where nothing is queued.
struct StoreChoice {
    let kind: String
    let store: any MessageStore
    /// nil where `queue.enabled` is false.
    let queue: (any MessageStore)?

    init(_ configuration: Configuration) throws {
        kind = configuration.queue.storage.rawValue
        switch configuration.queue.storage {
        case .memory: store = MemoryStore(limits: configuration.queueLimits)
        case .sqlite:
            store = try SQLiteStore(path: configuration.storage.sqlite.path, limits: configuration.queueLimits)
        case .redis, .postgres:
            // The loader refuses both by key and line until they are built.
            throw StartError(text: "queue.storage: \(kind) is not in this build")
        }
        queue = configuration.queue.enabled ? store : nil
    }
}

/// Why the relay did not start, in words for the one who started it.
struct StartError: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}
