import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// 10,000 damaged streams at every listener of the relay, before and after AUTH, each taken as the tables in
    /// Tests/PythonAgent/damaged_*.py say.
    @Suite struct HostileStreamTests {
        /// Of resident memory in the run in which it grew least: a leak grows in each, by its size times the streams,
        /// while an allocator's arena grows in one or two. Measured: 0.
        private static let maxGrowthKiB = 2 * 1024
        private static let streamsARun = 3_400
        /// Over that of a relay that nobody has talked to. Measured: 12 MiB.
        private static let maxPeakKiB = 48 * 1024

        @Test func tenThousandStreams() async throws {
            let relay = try await Relay.start([
                "limits.max_connections_per_ip": 0, "limits.max_connections_per_agent": 1000,
                "limits.failed_auth_per_agent_per_hour": 0, "messages.max_size_bytes": 65_536,
            ])
            let fresh = try resident(relay)
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            var runs = [try await damage(relay, streams: Self.streamsARun, seed: 1) {}]
            var memory = [try resident(relay)]
            var exchanges = 0
            for seed in 2...4 {
                let causes = try await damage(relay, streams: Self.streamsARun, seed: seed) {
                    exchanges += 1
                    let body = JSON.string("word \(exchanges)")
                    try await alice.tell("send", ["to": "bob", "body": body, "delivery": 2, "settle": true])
                    #expect(try await bob.tell("expect", ["ack": true]).frames[0]["body"] == body)
                }
                runs.append(causes)
                memory.append(try resident(relay))
            }
            #expect(exchanges >= 40, "the witnesses hardly spoke")
            let growth = zip(memory, memory.dropFirst()).map { $1.now - $0.now }
            #expect((growth.min() ?? .max) < Self.maxGrowthKiB, "\(memory) KiB")
            #expect((memory.last?.peak ?? .max) - fresh.now < Self.maxPeakKiB, "\(fresh) to \(memory) KiB")

            try await expectCauses(relay, runs)
            #expect(try await relay.probe("/health/ready", until: 200).status == 200)
            _ = try await PythonAgent.connected("carol", to: relay)
            let ledger = try await Ledger(relay.scrape(until: { try Ledger($0).isBalanced }))
            #expect(ledger.isBalanced, "\(ledger)")
            #expect(await relay.stop() == .exit(0))
        }

        /// - Parameter meanwhile: run once for each batch of streams that is done.
        private func damage(_ relay: Relay, streams: Int, seed: Int, meanwhile: () async throws -> Void) async throws
            -> [String: Int]
        {
            let process = try ChildProcess(
                Programs.python,
                [
                    "-u", Programs.repository + "/Tests/PythonAgent/damage.py", "--websocket", relay.websocket,
                    "--http", relay.http, "--metrics", relay.metrics, "--admin", relay.folder.path + "/admin.sock",
                    "--streams", "\(streams)", "--seed", "\(seed)",
                ],
                environment: ["PATH": Programs.path, "PYTHONDONTWRITEBYTECODE": "1"],
                mergingErrors: true
            )
            defer { process.send(SIGKILL) }
            var read = 0
            while let line = await process.line(from: read, where: { _ in true }) {
                read += 1
                let report = try JSON(parsing: line)
                if report["done"] != .null {
                    try await meanwhile()
                    continue
                }
                let wrong = report["wrong"].strings
                #expect(wrong.isEmpty, "seed \(seed), \(wrong.count) taken otherwise: \(wrong.prefix(20))")
                #expect(report["streams"].int == streams)
                return report["causes"].members.compactMapValues(\.int)
            }
            Issue.record("ended early: \(process.output.lines.suffix(20))")
            return [:]
        }

        /// What the streams should have counted is what was counted, cause by cause, and nothing besides.
        private func expectCauses(_ relay: Relay, _ runs: [[String: Int]]) async throws {
            let expected = runs.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
            let all = Double(expected.values.reduce(0, +))
            var scrape = try await relay.scrape()
            for _ in 0..<100 where scrape.sum("moltrelay_connection_errors_total") ?? 0 < all {
                scrape = try await relay.scrape()
            }
            #expect(scrape.sum("moltrelay_connection_errors_total") == all)
            let causes = scrape.samples.filter { $0.name == "moltrelay_connection_failures_total" && $0.value > 0 }
            let counted = Dictionary(uniqueKeysWithValues: causes.map { ($0.labels["cause"] ?? "", Int($0.value)) })
            #expect(counted == expected)
        }

        private func resident(_ relay: Relay) throws -> (now: Int, peak: Int) {
            let status = try String(contentsOfFile: "/proc/\(relay.process.pid)/status", encoding: .utf8)
            func field(_ name: String) throws -> Int {
                let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(name) })
                return try #require(line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) })
            }
            return (try field("VmRSS:"), try field("VmHWM:"))
        }
    }
}
