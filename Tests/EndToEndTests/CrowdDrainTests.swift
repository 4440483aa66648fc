import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    @Suite struct CrowdDrainTests {
        private static let readinessDelay = 0.5
        private static let here = (1...100).map { "here-\($0)" }
        private static let away = (1...100).map { "away-\($0)" }

        /// 2,000 messages a second among 200 agents, half of them away.
        @Test func everybodyIsToldAtOnceAndNothingIsLost() async throws {
            let folder = try RelayFolder([
                "server.drain.readiness_delay_ms": .number(Self.readinessDelay * 1000),
                "server.drain.timeout_ms": 10_000, "limits.max_connections_per_ip": 0,
            ])
            let relay = try await Relay.start(in: folder)
            let crowd = try PythonAgent("crowd", program: "crowd.py")
            let here = JSON.array(Self.here.map { .string($0) })
            let everybody = JSON.array((Self.here + Self.away).map { .string($0) })
            try await crowd.tell("connect", ["url": .string(relay.url), "names": here])
            let traffic = try await crowd.tell("traffic", ["to": everybody, "rate": 2000, "until_acked": 3000]).json
            #expect(await relay.stop() == .exit(0))

            let gone = try await crowd.tell("gone").json
            print("drain under load: \(traffic), then \(gone)")
            #expect(gone["told"].int == Self.here.count)
            #expect(gone["closes"].members == ["1001": .number(Double(Self.here.count))])
            try expectPromptness(gone, relay)
            #expect(try await relay.logged("drain finished")["complete"].string == "true")

            let again = try await Relay.start(in: folder)
            let collected = try await crowd.tell("collect", ["url": .string(again.url), "names": everybody]).json
            #expect(collected["missing"] == [], "of \(gone["acked"]) promised")
            let ledger = try Ledger(await again.scrape { try Ledger($0).isBalanced && Ledger($0).queued == 0 })
            #expect(ledger.isBalanced, "\(ledger)")
            #expect(ledger.recovered > 0)
            #expect(ledger.queued == 0, "\(ledger)")
        }

        /// A second after the readiness delay is what a relay promises; the rest is for a machine with other work, on
        /// which this process hears its agents late.
        private func expectPromptness(_ gone: JSON, _ relay: Relay) throws {
            let line = relay.log.first { $0["message"] == "drain started" }
            let text = try #require(line?["timestamp"].string)
            let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            let started = try format.parse(text).timeIntervalSince1970
            guard case .number(let first) = gone["first_told_at"], case .number(let last) = gone["last_told_at"] else {
                Issue.record("nobody was told: \(gone)")
                return
            }
            print("drain under load: told \(first - started) to \(last - started) s after its start")
            #expect(first - started > Self.readinessDelay - 0.05)
            #expect(last - started < Self.readinessDelay + 1 + 4)
        }
    }
}
