import RelayCore
import RelayStores
import RelayTelemetry

/// The store that the configuration names. It keeps the pinned keys also where nothing is queued.
struct StoreChoice {
    let kind: String
    let store: any MessageStore
    /// nil where `queue.enabled` is false.
    let queue: (any MessageStore)?
    /// Beside the bound in bytes; nil for none.
    let maxMessages: Int?
    private let files: @Sendable () -> SQLiteStatistics?

    init(_ configuration: Configuration) throws {
        kind = configuration.queue.storage.rawValue
        switch configuration.queue.storage {
        case .memory:
            store = MemoryStore(limits: configuration.queueLimits)
            maxMessages = nil
            files = { nil }
        case .sqlite:
            let sqlite = try SQLiteStore(path: configuration.storage.sqlite.path, limits: configuration.queueLimits)
            store = sqlite
            maxMessages = configuration.queueLimits.maxMessages
            files = { sqlite.statistics }
        case .redis, .postgres:
            // The loader refuses both by key and line until they are built.
            throw StartError(text: "queue.storage: \(kind) is not in this build")
        }
        queue = configuration.queue.enabled ? store : nil
    }
}

extension StoreChoice {
    /// Rows put aside because they were not what was written, by this start or earlier ones.
    var rowsKeptAside: Int { files()?.rowsKeptAside ?? 0 }

    var isDurable: Bool { files() != nil }

    /// Those that became durable, and how long the last took; nil where none did, or nothing is.
    var commits: (count: Int, last: MonotonicNanoseconds)? {
        files().flatMap { $0.commits > 0 ? ($0.commits, $0.lastCommitNanoseconds) : nil }
    }

    /// For scrapes. Damage found by earlier runs is not this one's.
    var readings: @Sendable () -> RelayReadings.StoreFiles {
        { [files] in
            var readings = RelayReadings.StoreFiles()
            guard let statistics = files() else { return readings }
            readings.inboxRefused = statistics.inboxRefused
            readings.reopened = statistics.reopened
            readings.corruptRows = statistics.corruptRows
            readings.databaseBytes = statistics.databaseBytes
            readings.logBytes = statistics.logBytes
            return readings
        }
    }
}

/// Why the relay did not start, in words for the one who started it.
struct StartError: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}
