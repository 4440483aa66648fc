import Foundation
import RelayCore
import RelayFixture
import RelayStores
import StoreFixtures
import Testing

@Suite(.serialized) struct CrashTests {
    private static let limits = QueueLimits(maxMessagesPerAgent: .max / 2, maxSharePerSender: 1)

    @Test func killsLoseNothingAcknowledged() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        var numbers = SeededNumbers(seed: CrashRounds.seed)
        var acknowledged: Set<UInt64> = []
        for round in 0..<CrashRounds.count {
            let start = UInt64(round) * 1_000_000
            // Not only right after an acknowledgement: also in the midst of whatever runs some time after one.
            let count = Int.random(in: 0...2000, using: &numbers)
            let delay = UInt32.random(in: 0...30_000, using: &numbers)
            acknowledged.formUnion(try kill(in: folder, from: start, after: count, microseconds: delay))
            let missing = try await missing(acknowledged, in: folder)
            let what = "\(missing.count) of \(acknowledged.count) are lost"
            #expect(missing.isEmpty, "round \(round), CRASH_SEED=\(CrashRounds.seed): \(what)")
        }
        #expect(acknowledged.count > CrashRounds.count * 100)
    }

    @Test func theLossCheckerCatchesAStoreThatForgets() async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let acknowledged = try kill(in: folder, from: 0, after: 2000, options: ["--lossy"])
        let missing = try await missing(Set(acknowledged), in: folder)
        // Every fiftieth: more than one in a hundred, less than one in twenty-five.
        #expect(missing.count > acknowledged.count / 100)
        #expect(missing.count < acknowledged.count / 25)
    }

    /// Kills a probe that writes messages from `first` on, some time after `count` acknowledgements.
    private func kill(
        in folder: TemporaryFolder,
        from first: UInt64,
        after count: Int,
        microseconds: UInt32 = 0,
        options: [String] = []
    ) throws -> [UInt64] {
        let probe = try Probe([folder.file("relay.db"), String(first)] + options)
        probe.readAcknowledgements(count)
        usleep(microseconds)
        probe.killAndReadTheRest()
        #expect(probe.acknowledged.count >= count)
        return probe.acknowledged
    }

    private func missing(_ numbers: Set<UInt64>, in folder: TemporaryFolder) async throws -> Set<MessageKey> {
        let store = try SQLiteStore(path: folder.file("relay.db"), limits: Self.limits)
        let keys = Set(numbers.map { Sample.message($0, to: UInt32($0 % 20)).key })
        let missing = try await LossChecker.missing(keys, from: store)
        #expect(store.totals.recovered >= numbers.count - missing.count)
        await store.close()
        return missing
    }

    /// Between the last write to the log and the line that acknowledges it the log is synced.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/strace"), "strace is not installed"))
    func syncsTheLogBeforeItAcknowledges() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let trace = folder.file("trace")
        let options = ["strace", "-f", "-y", "-e", "trace=fdatasync,fsync,pwrite64,write", "-o", trace]
        let probe = try Probe([folder.file("relay.db"), "--once"], tracer: options)
        probe.finish()
        #expect(probe.acknowledged.count == 10)
        let calls = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
        let acknowledgement = try #require(calls.firstIndex { $0.contains("\"stored 0\\nstored 1") })
        let before = calls[..<acknowledgement]
        let write = try #require(before.lastIndex { $0.contains("pwrite64(") && $0.contains("relay.db-wal>") })
        let syncs = before[write...].filter { $0.contains("sync(") && $0.contains("relay.db-wal>") }
        #expect(!syncs.isEmpty)
        #expect(syncs.allSatisfy { $0.hasSuffix("= 0") || $0.contains("unfinished") })
    }
}
