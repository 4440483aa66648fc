import FoundationEssentials
import Testing

extension EndToEnd {
    /// A recipient that reads nothing while 150 MB are sent to it.
    @Suite struct SlowReaderTests {
        private static let size = 65_536
        private static let count = 2400
        private static let mebibyte = 1_048_576

        /// A relay, and who reads nothing on it: 4 KiB of kernel buffer, and no read of its socket.
        private func relayWithStuckReader(_ settings: [String: JSON]) async throws -> (Relay, PythonAgent) {
            let relay = try await Relay.start(settings)
            let stuck = try await PythonAgent.connected("stuck", to: relay, ["receive_buffer": 4096])
            try await stuck.tell("pause")
            return (relay, stuck)
        }

        /// VmHWM: the most that was ever resident.
        private func peakMemory(of relay: Relay) throws -> Int {
            let status = try Data(contentsOf: URL(filePath: "/proc/\(relay.process.pid)/status"))
            let line = String(decoding: status, as: UTF8.self).firstMatch(of: /VmHWM:\s+(\d+) kB/)
            return try #require(line.flatMap { Int($0.1) }) * 1024
        }

        private func expectGrowth(of relay: Relay, from before: Int, within bound: Int) throws {
            let growth = try peakMemory(of: relay) - before
            print("slow reader: memory grew by \(growth / Self.mebibyte) MiB, bound \(bound / Self.mebibyte) MiB")
            #expect(growth < bound)
        }

        /// What is over the outbox is dropped and counted; the sender's other recipient gets each of its messages.
        @Test func bestEffortIsDroppedAndHoldsUpNobody() async throws {
            let (relay, stuck) = try await relayWithStuckReader(["limits.slow_consumer_grace_ms": 2000])
            let sender = try await PythonAgent.connected("sender", to: relay)
            let brisk = try await PythonAgent.connected("brisk", to: relay)
            let before = try peakMemory(of: relay)
            let chunks = 24
            for _ in 0..<chunks {
                try await sender.tell(
                    "send",
                    ["to": "stuck", "delivery": 1, "size": .number(Double(Self.size)), "count": 100, "timeout_s": 60]
                )
                try await sender.tell("send", ["to": "brisk", "delivery": 1])
                try await brisk.tell("expect", ["timeout_s": 60])
            }
            // Its outbox, what waits between two loops, and the read buffers and blocks of an allocator around them.
            try expectGrowth(of: relay, from: before, within: (8 + 4 + 12) * Self.mebibyte)

            let scrape = try await relay.scrape { $0.sum("moltrelay_slow_consumers_total") == 1 }
            #expect(scrape.sum("moltrelay_slow_consumers_total") == 1)
            #expect((scrape.sum("moltrelay_messages_dropped_total", ["reason": "outbox_full"]) ?? 0) > 0)
            _ = try await relay.logged("slow consumer closed")
            try await stuck.tell("resume")
            #expect(try await stuck.ask("end").close != nil)
            let ledger = try Ledger(await relay.scrape { try Ledger($0).isBalanced })
            #expect(ledger.isBalanced, "\(ledger)")
            #expect(ledger.accepted == Double(chunks * 101), "\(ledger)")
        }

        /// What does not fit waits in the store, and comes once the reader reads again.
        @Test func atLeastOnceWaitsInTheStore() async throws {
            let (relay, stuck) = try await relayWithStuckReader([
                "limits.slow_consumer_grace_ms": 600_000, "server.keepalive.max_missed": 100,
            ])
            let sender = try await PythonAgent.connected("sender", to: relay)
            let brisk = try await PythonAgent.connected("brisk", to: relay)
            let (alice, bob) = (
                try await PythonAgent.connected("alice", to: relay), try await PythonAgent.connected("bob", to: relay)
            )
            let before = try peakMemory(of: relay)
            let window = 200
            async let taken = brisk.tell("expect", ["count": 600, "ack": true, "timeout_s": 120])
            async let flooded = sender.tell(
                "flood",
                [
                    "to": ["stuck", "stuck", "stuck", "stuck", "brisk"], "size": .number(Double(Self.size)),
                    "window": .number(Double(window)), "until_acked": .number(Double(Self.count / 4 * 5)),
                    "timeout_s": 120,
                ]
            )
            for _ in 0..<20 {
                let sent = try await alice.tell("send", ["to": "bob", "delivery": 2])
                try await bob.tell("expect", ["ack": true, "timeout_s": 60])
                let answer = try await alice.tell("expect", ["type": "ACK", "timeout_s": 60]).frames[0]
                #expect(answer["ids"].strings == sent.ids)
            }
            _ = try await (taken, flooded)
            let promised = Promised(try await sender.tell("flood_stop", ["timeout_s": 60]).json)
            let forStuck = promised.ids["stuck"] ?? []
            #expect(forStuck.count >= Self.count - window)
            // Outbox and in flight; what the sender had under way, collected for a commit and in the store's inbox; the
            // page caches of the store's two connections; read buffers and an allocator's blocks.
            let bound = (8 + 4 + 20) * Self.mebibyte + 2 * window * Self.size + 2 * 16 * Self.mebibyte
            try expectGrowth(of: relay, from: before, within: bound)

            try await stuck.tell("resume")
            let got = try await stuck.tell(
                "collect",
                ["ids": .array(forStuck.map { .string($0) }), "patience_s": 30, "timeout_s": 120]
            )
            #expect(got.missing == [])
        }

        @Test func aFloodForSomebodyAwayMeetsTheQueuesLimit() async throws {
            let relay = try await Relay.start(["queue.max_share_per_sender": .number(0.1)])
            let sender = try await PythonAgent.connected("sender", to: relay)
            let carol = try await PythonAgent.connected("carol", to: relay)
            try await sender.tell("flood", ["to": ["away"], "until_acked": 1000, "window": 200])
            let own = try await carol.tell("send", ["to": "away", "delivery": 2, "settle": true])
            #expect(own.acked.count == 1)
            _ = try await relay.scrape { ($0.sum("moltrelay_nacks_total", ["code": "QUEUE_FULL"]) ?? 0) > 1000 }
            let result = try await sender.tell("flood_stop").json
            #expect(result["acked"].members.count == 1000)
            #expect(result["nacked"].members.count > 1000)
            #expect(result["nacked"].members.values.allSatisfy { $0 == "QUEUE_FULL" })
            #expect(try await relay.scrape().sum("moltrelay_queue_depth") == 1001)
        }
    }
}
