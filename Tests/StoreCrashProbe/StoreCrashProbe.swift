import Dispatch
import Glibc
import RelayCore
import RelayStores
import StoreFixtures
import Synchronization
import WireProtocol

/// Writes batches of puts without end and prints the number of each message once the store has acknowledged it:
/// something to kill. `StoreCrashProbe <file> [first number] [--lossy] [--once]`
@main
enum StoreCrashProbe {
    static let batchSize: UInt64 = 10
    static let batchesInFlight = 8

    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        let words = arguments.filter { !$0.hasPrefix("--") }
        guard let path = words.first else { return print("usage: StoreCrashProbe <file> [first] [--lossy] [--once]") }
        let limits = QueueLimits(maxMessagesPerAgent: .max / 2, maxSharePerSender: 1)
        let sqlite = try SQLiteStore(path: path, limits: limits)
        let store: any MessageStore = arguments.contains("--lossy") ? LossyStore(sqlite) : sqlite
        let rounds = arguments.contains("--once") ? 1 : Int.max
        write(to: store, from: words.dropFirst().first.flatMap(UInt64.init) ?? 0, rounds: rounds)
    }

    private static func write(to store: any MessageStore, from first: UInt64, rounds: Int) {
        let window = DispatchSemaphore(value: batchesInFlight)
        var next = first
        var round = 0
        while round < rounds {
            window.wait()
            let numbers = next..<next + batchSize
            let batch = numbers.map { StoreOperation.put(Sample.message($0, to: UInt32($0 % 20))) }
            store.commit(batch, now: Sample.now) { result in
                if case .success(let outcomes) = result { acknowledge(numbers, outcomes) }
                window.signal()
            }
            next += batchSize
            round += 1
        }
        let closed = DispatchSemaphore(value: 0)
        store.close { closed.signal() }
        closed.wait()
    }

    private static func acknowledge(_ numbers: Range<UInt64>, _ outcomes: [StoreOutcome]) {
        let lines = zip(numbers, outcomes).compactMap { number, outcome -> String? in
            guard case .stored = outcome else { return nil }
            return "stored \(number)\n"
        }
        // One call, so that what the parent reads was acknowledged in whole.
        let bytes = Array(lines.joined().utf8)
        _ = Glibc.write(STDOUT_FILENO, bytes, bytes.count)
    }
}
