import Dispatch
import Foundation
import Glibc
import RelayCore
import WireProtocol

/// A store, and the server behind it where it has one.
struct Subject {
    let store: any MessageStore
    let server: pid_t?

    /// One batch under way at a time, so that a transaction is exactly a batch.
    func commit(_ operations: [StoreOperation], batch: Int) {
        for start in stride(from: 0, to: operations.count, by: batch) {
            let part = Array(operations[start..<min(start + batch, operations.count)])
            wait { done in
                store.commit(part, now: Rows.now) { result in
                    if case .failure(let failure) = result { print("failed: \(failure)") }
                    done()
                }
            }
        }
    }

    func load(_ recipient: AgentHash) {
        wait { done in
            store.load(recipient, past: .start, maxMessages: 1_000_000, maxBytes: 64 << 20, now: Rows.now) { _ in done()
            }
        }
    }

    func close() { wait { store.close(completion: $0) } }

    func measure(_ rows: Int, _ body: () -> Void) -> String {
        let (wall, own, other) = (seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID), serverSeconds)
        body()
        let wallUsed = seconds(CLOCK_MONOTONIC) - wall
        let ownUsed = seconds(CLOCK_PROCESS_CPUTIME_ID) - own
        let theirs = serverSeconds.map { " + \(microseconds($0 - (other ?? 0), rows)) of the server" } ?? ""
        return "\(Int(Double(rows) / wallUsed)) rows/s, \(microseconds(ownUsed, rows))\(theirs) us CPU a row"
    }

    private func microseconds(_ seconds: Double, _ rows: Int) -> Double {
        (seconds * 1e8 / Double(rows)).rounded() / 100
    }

    private func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Of its threads, of processes it started (PostgreSQL works in many) and of those of them that have ended.
    private var serverSeconds: Double? {
        guard let server else { return nil }
        let stat = text("/proc/\(server)/stat").split(separator: " ")
        let ended =
            stat.dropFirst(15).prefix(2).reduce(0) { $0 + (Double($1) ?? 0) } / Double(sysconf(Int32(_SC_CLK_TCK)))
        let children = text("/proc/\(server)/task/\(server)/children").split(separator: " ").compactMap { pid_t($0) }
        return ([server] + children).reduce(ended) { $0 + seconds(of: $1) }
    }

    private func seconds(of process: pid_t) -> Double {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return threads.reduce(0) { sum, thread in
            let schedule = text("/proc/\(process)/task/\(thread)/schedstat").split(separator: " ")
            return sum + (schedule.first.flatMap { Double($0) } ?? 0) / 1e9
        }
    }

    private func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

    private func wait(for body: (@escaping @Sendable () -> Void) -> Void) {
        let done = DispatchSemaphore(value: 0)
        body { done.signal() }
        done.wait()
    }
}
