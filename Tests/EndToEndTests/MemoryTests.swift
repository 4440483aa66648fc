import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// Readers that read nothing fill outboxes until the relay is at its memory ceiling.
    @Suite struct MemoryTests {
        private static let mebibyte = 1_048_576
        private static let room = 96 * mebibyte

        private func memory(of relay: Relay, _ field: String) throws -> Int {
            let status = try Data(contentsOf: URL(filePath: "/proc/\(relay.process.pid)/status"))
            let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(field) }
            let number = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
            return try #require(number) * 1024
        }

        /// The ceiling comes by a reload, so much above what the relay has at first.
        private func limitMemory(of relay: Relay, _ settings: [String: JSON]) async throws -> Int {
            let ceiling = try memory(of: relay, "VmRSS:") + Self.room
            let limit: [String: JSON] = ["limits.max_memory_bytes": .number(Double(ceiling))]
            try relay.folder.configure(settings.merging(limit) { $1 })
            relay.process.send(SIGHUP)
            let changed = try await relay.logged("configuration reloaded")["changed"].strings
            #expect(changed == ["limits.max_memory_bytes"])
            return ceiling
        }

        private func fill(_ stuck: [PythonAgent], from sender: PythonAgent, of relay: Relay) async throws -> Scrape {
            var scrape = try await relay.scrape()
            for round in 0..<90 where scrape.sum("moltrelay_messages_dropped_total", ["reason": "memory"]) == 0 {
                let reader = JSON.string(stuck[round % stuck.count].name)
                try await sender.tell("send", ["to": reader, "delivery": 1, "size": 65_536, "count": 50])
                try await sender.tell("ping")
                scrape = try await relay.scrape()
            }
            return scrape
        }

        @Test func nearTheCeilingTheRelayTurnsAwayAndLives() async throws {
            let settings: [String: JSON] = [
                "limits.outbox_max_bytes": .number(Double(64 * Self.mebibyte)), "tracing.recorder_bytes": 0,
                "limits.slow_consumer_grace_ms": 600_000,
            ]
            let relay = try await Relay.start(settings)
            let alice = try await PythonAgent.connected("alice", to: relay)
            var stuck: [PythonAgent] = []
            for number in 0..<3 {
                let reader = try await PythonAgent.connected("stuck \(number)", to: relay, ["receive_buffer": 4096])
                try await reader.tell("pause")
                stuck.append(reader)
            }
            let ceiling = try await limitMemory(of: relay, settings)
            let full = try await fill(stuck, from: alice, of: relay)
            #expect((full.sum("moltrelay_messages_dropped_total", ["reason": "memory"]) ?? 0) > 0)
            #expect(full.sum("moltrelay_memory_limit_bytes") == Double(ceiling))
            #expect(full.sum("moltrelay_memory_level") == 2)

            let check = try await relay.check("memory") {
                $0["reason"].string?.hasSuffix("new connections and messages are refused") == true
            }
            #expect(check["status"] == "warn")
            #expect(try await HTTP.get("http://\(relay.metrics)/health/ready").status == 200)
            let late = try PythonAgent("late")
            let refused = try await late.ask("connect", late.credentials(for: relay))
            #expect(refused.json["error"].string?.contains("503") == true, "\(refused.json)")
            let sent = try await alice.tell("send", ["to": "late", "delivery": 2, "settle": true])
            #expect(sent.nacked.values.map(\.string) == ["QUEUE_FULL"], "\(sent.json)")
            let refusals = try await relay.scrape()
            #expect(refusals.sum("moltrelay_connection_refusals_total", ["limit": "max_memory_bytes"]) == 1)
            #expect(try await relay.logged("memory is short: no new connections or messages")["level"] == "error")
            #expect(try await relay.logged("limit reached")["reason"] == "max_memory_bytes")
            #expect(try memory(of: relay, "VmHWM:") < ceiling)

            // Their processes end with them.
            stuck = []
            let after = try await relay.scrape { $0.sum("moltrelay_memory_level") == 0 }
            #expect(
                after.sum("moltrelay_memory_level") == 0,
                "\(after.sum("process_resident_memory_bytes") ?? 0) of \(ceiling)"
            )
            _ = try await relay.logged("memory suffices again")
            try await late.connect(to: relay)
            try await alice.tell("send", ["to": "late", "delivery": 1])
            try await late.tell("expect")
            _ = try await relay.check("memory", until: "pass")
            let ledger = try await Ledger(relay.scrape(until: { try Ledger($0).isBalanced }))
            #expect(ledger.isBalanced, "\(ledger)")
        }
    }
}
