import Glibc
import Redis
import RelayCore
import RelayStores

/// Puts, loads and removes rows of 352 bytes, batch after batch, and prints rows a second and CPU a row: of this
/// process, and of the server where there is one.
@main
enum StoreBenchmark {
    private static let usage = """
        usage: store-benchmark <folder> [recipients] [queued before]          SQLite
               store-benchmark redis:<port>:<its pid> [recipients] [queued]   a Redis server on loopback
        """

    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        guard let name = words.first else { return print(usage) }
        let rows = Rows(recipients: words.dropFirst().first.flatMap(Int.init) ?? 1000)
        let queued = words.dropFirst(2).first.flatMap(Int.init) ?? 0
        let subject = try await subject(name)
        subject.commit(rows.messages(queued).map { .put($0) }, batch: 10_000)
        print("\(rows.recipients) recipients, \(queued) queued before")
        for (batch, count) in [(1, 2000), (10, 20_000), (100, 50_000), (1000, 50_000)] {
            let messages = rows.messages(count)
            let (puts, removals) = (messages.map(StoreOperation.put), messages.map { StoreOperation.remove($0.key) })
            let put = subject.measure(count) { subject.commit(puts, batch: batch) }
            let load = subject.measure(count) { rows.forEachRecipient(subject.load) }
            let remove = subject.measure(count) { subject.commit(removals, batch: batch) }
            print("batches of \(batch): put \(put); load \(load); remove \(remove)")
        }
        subject.close()
    }

    private static func subject(_ name: String) async throws -> Subject {
        let limits = QueueLimits(maxMessagesPerAgent: .max / 2, maxSharePerSender: 1)
        let parts = name.split(separator: ":")
        guard parts.count == 3, parts[0] == "redis", let port = Int(parts[1]), let process = pid_t(parts[2]) else {
            return Subject(store: try SQLiteStore(path: name + "/benchmark.db", limits: limits), server: nil)
        }
        let settings = RedisSettings(addresses: [.init(host: "127.0.0.1", port: port)])
        return Subject(store: try await RedisStore.open(settings, limits: limits), server: process)
    }
}
