import Glibc
import Postgres
import Redis
import RelayCore
import RelayStores

/// Puts, loads and removes rows of 352 bytes, batch after batch, and prints rows a second and CPU a row: of this
/// process, and of the server where there is one.
@main
enum StoreBenchmark {
    private static let usage = """
        usage: store-benchmark <store> [recipients] [queued before] [rows in the larger batches]
        stores: a folder (SQLite), redis:<port>:<its pid>, postgres:<port>:<its pid>, servers on loopback
        """

    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        guard let name = words.first else { return print(usage) }
        func number(_ place: Int, _ otherwise: Int) -> Int {
            words.dropFirst(place).first.flatMap { Int($0) } ?? otherwise
        }
        let rows = Rows(recipients: number(1, 1000))
        let (queued, most) = (number(2, 0), number(3, 50_000))
        let subject = try await subject(name)
        subject.commit(rows.messages(queued).map { .put($0) }, batch: 10_000)
        print("\(rows.recipients) recipients, \(queued) queued before")
        for (batch, count) in [(1, most / 25), (10, most / 5 * 2), (100, most), (1000, most)] where count > 0 {
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
        guard parts.count == 3, let port = Int(parts[1]), let process = pid_t(parts[2]) else {
            return Subject(store: try SQLiteStore(path: name + "/benchmark.db", limits: limits), server: nil)
        }
        if parts[0] == "redis" {
            let settings = RedisSettings(addresses: [.init(host: "127.0.0.1", port: port)])
            return Subject(store: try await RedisStore.open(settings, limits: limits), server: process)
        }
        var settings = PostgresSettings(hosts: ["127.0.0.1"], database: "postgres", user: "postgres")
        (settings.port, settings.security) = (port, .disable)
        return Subject(store: try await PostgresStore.open(settings, limits: limits), server: process)
    }
}
