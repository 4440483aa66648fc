import Dispatch
import Glibc
import NIOCore
import RelayCore
import RelayStores
import WireProtocol

/// Puts, loads and removes rows of 350 bytes through a SQLite store, batch after batch, and prints rows a second and
/// the process's CPU a row. `store-benchmark <folder> [recipients] [queued before]`
@main
enum StoreBenchmark {
    static func main() throws {
        let words = Array(CommandLine.arguments.dropFirst())
        guard let folder = words.first else { return print("usage: store-benchmark <folder> [recipients] [queued]") }
        let recipients = words.dropFirst().first.flatMap(Int.init) ?? 1000
        let queued = words.dropFirst(2).first.flatMap(Int.init) ?? 0
        let limits = QueueLimits(maxMessagesPerAgent: .max / 2, maxSharePerSender: 1)
        let store = try SQLiteStore(path: folder + "/benchmark.db", limits: limits)
        let run = StoreRun(store: store, recipients: recipients)
        run.put(run.messages(queued), batch: 10_000)
        print("\(recipients) recipients, \(store.totals.messages) queued before")
        for (batch, rows) in [(1, 2000), (10, 20_000), (100, 50_000), (1000, 50_000)] {
            let messages = run.messages(rows)
            let put = run.measure(rows) { run.put(messages, batch: batch) }
            let load = run.measure(rows) { run.load() }
            let remove = run.measure(rows) { run.remove(messages, batch: batch) }
            print("batches of \(batch): put \(put); load \(load); remove \(remove)")
        }
        run.close()
    }
}

struct StoreRun {
    let store: SQLiteStore
    let recipients: Int
    private let now: UnixMilliseconds = 1_767_225_600_000

    func messages(_ count: Int) -> [Message] { (0..<count).map { message(to: $0 % recipients) } }

    private func message(to recipient: Int) -> Message {
        let routing = RoutingHeader(
            sender: agent(1_000_000 + recipient % 97),
            recipient: agent(recipient),
            id: .random(),
            timestamp: now,
            delivery: DeliveryMode.atLeastOnce.rawValue
        )
        var bytes = [UInt8](repeating: 7, count: 352)
        bytes.withUnsafeMutableBytes { buffer in
            if let start = buffer.baseAddress { routing.write(to: start) }
        }
        return Message(
            routing: routing,
            flags: .ackRequested,
            payload: ByteBuffer(bytes: bytes),
            acceptedAt: now,
            expiresAt: now + 3_600_000
        )
    }

    private func agent(_ number: Int) -> AgentHash {
        var word = UInt64(truncatingIfNeeded: number &+ 1)
        var words: [UInt64] = []
        for _ in 0..<4 {
            word = (word ^ word >> 29) &* 0xBF58_476D_1CE4_E5B9
            words.append(word ^ word >> 32)
        }
        return words.withUnsafeBytes { AgentHash($0) }
    }

    func put(_ messages: [Message], batch: Int) { commit(messages.map { .put($0) }, batch: batch) }

    func remove(_ messages: [Message], batch: Int) { commit(messages.map { .remove($0.key) }, batch: batch) }

    /// One batch under way at a time, so that a transaction is exactly a batch.
    private func commit(_ operations: [StoreOperation], batch: Int) {
        let done = DispatchSemaphore(value: 0)
        for start in stride(from: 0, to: operations.count, by: batch) {
            let part = Array(operations[start..<min(start + batch, operations.count)])
            store.commit(part, now: now) { result in
                if case .failure(let failure) = result { print("failed: \(failure)") }
                done.signal()
            }
            done.wait()
        }
    }

    func load() {
        let done = DispatchSemaphore(value: 0)
        for recipient in 0..<recipients {
            store.load(agent(recipient), past: .start, maxMessages: .max, maxBytes: .max, now: now) { _ in done.signal()
            }
            done.wait()
        }
    }

    func close() {
        let done = DispatchSemaphore(value: 0)
        store.close { done.signal() }
        done.wait()
    }

    func measure(_ rows: Int, _ body: () -> Void) -> String {
        let (wall, cpu) = (seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID))
        body()
        let (wallUsed, cpuUsed) = (seconds(CLOCK_MONOTONIC) - wall, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu)
        let microseconds = (cpuUsed * 1e8 / Double(rows)).rounded() / 100
        return "\(Int(Double(rows) / wallUsed)) rows/s, \(microseconds) us CPU a row"
    }

    private func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
