import FoundationEssentials
import Testing

extension EndToEnd {
    /// The store on a disk of 8 MiB, in a mount namespace of the relay's own: /proc/PID/root shows it to the test.
    @Suite struct FullDiskTests {
        static func start(in folder: RelayFolder) async throws -> Relay {
            let script = """
                mount --make-rprivate /
                mkdir \(folder.path)/disk
                mount -t tmpfs -o size=8m tmpfs \(folder.path)/disk
                exec "$@"
                """
            return try await Relay.start(in: folder, wrapper: ["unshare", "-m", "bash", "-euc", script, "bash"])
        }

        static func folder() throws -> RelayFolder {
            let folder = try RelayFolder()
            try folder.configure(["storage.sqlite.path": .string(folder.path + "/disk/relay.db")])
            return folder
        }

        /// What failed was larger than what is left, so that small writes, the store's own among them, still succeed.
        @Test func unreadyUntilThereIsRoomForWhatFailed() async throws {
            let folder = try Self.folder()
            let relay = try await Self.start(in: folder)
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            let ballast = "/proc/\(relay.process.pid)/root\(folder.path)/disk/ballast"
            let filled = try await Programs.shell("cat /dev/zero > \(ballast) || truncate -s -128K \(ballast)")
            #expect(filled.ending == .exit(0), "\(filled.text)")

            let large: [String: JSON] = ["to": "away", "delivery": 2, "settle": true, "count": 3, "size": 500_000]
            let refused = try await alice.tell("send", large)
            #expect(refused.nacked.values.map(\.string) == .init(repeating: "STORAGE_UNAVAILABLE", count: 3))
            let unready = try await relay.probe("/health/ready", until: 503)
            #expect(unready.body.contains("store"), "\(unready)")
            #expect(try await HTTP.get("http://\(relay.metrics)/health").status == 200)

            try await whoIsConnectedIsServed(from: alice, to: bob, through: relay)
            let turns = try await Self.turns(of: relay)
            // Nothing is sent for longer than the store leaves itself alone (its sweep comes every 5 s).
            try await Programs.watch(seconds: 7)
            #expect(try await HTTP.get("http://\(relay.metrics)/health/ready").status == 503)
            #expect(try await Self.turns(of: relay) == turns)

            #expect(try await Programs.run("rm", [ballast]).ending == .exit(0))
            _ = try await relay.probe("/health/ready", until: 200)
            let stored = try await alice.tell("send", large)
            #expect(stored.acked.values.map(\.string) == .init(repeating: "queued", count: 3), "\(stored.json)")
            let away = try await PythonAgent.connected("away", to: relay)
            #expect(try await away.tell("collect", ["ids": .array(stored.ids.map { .string($0) })]).missing == [])
            let ledger = try Ledger(await relay.scrape { try Ledger($0).isBalanced && Ledger($0).inFlight == 0 })
            #expect(ledger.isBalanced, "\(ledger)")
        }

        /// The commit has failed when bob acknowledges, and alice hears of bob's ACK only.
        private func whoIsConnectedIsServed(
            from alice: PythonAgent,
            to bob: PythonAgent,
            through relay: Relay
        ) async throws {
            func failures() async throws -> Double {
                try await relay.scrape().sum("moltrelay_store_failures_total") ?? 0
            }
            let before = try await failures()
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "size": 500_000])
            try await bob.tell("expect")
            _ = try await relay.scrape { ($0.sum("moltrelay_store_failures_total") ?? 0) > before }
            #expect(try await failures() > before)
            try await bob.tell("ack", ["ids": [.string(sent.ids[0])]])
            let answer = try await alice.tell("expect", ["type": "ACK"]).frames[0]
            #expect(answer["ids"].strings == sent.ids)
            #expect(answer["ack_type"] == "processed")
        }

        private static func turns(of relay: Relay) async throws -> Double? {
            try await relay.scrape().sum("moltrelay_health_transitions_total", ["check": "store"])
        }
    }
}
