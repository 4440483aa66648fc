import FoundationEssentials
import Testing

extension Waiting {
    /// libfaketime moves the system clock of the running relay, and no other of its clocks.
    @Suite struct ClockTests {
        private struct FakeClock {
            private let file: String

            init(in folder: RelayFolder) throws {
                file = folder.path + "/faketime"
                try set("+0")
            }

            func set(_ offset: String) throws {
                try Data((offset + "\n").utf8).write(to: URL(filePath: file), options: .atomic)
            }

            func wrapper() throws -> [String] {
                let folders = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib")
                let libraries = folders.map { "/usr/lib/\($0)/faketime/libfaketimeMT.so.1" }
                let library = try #require(libraries.first { FileManager.default.fileExists(atPath: $0) })
                return [
                    "LD_PRELOAD=\(library)", "FAKETIME_TIMESTAMP_FILE=\(file)", "FAKETIME_NO_CACHE=1",
                    "FAKETIME_DONT_FAKE_MONOTONIC=1",
                    // The library moves the environment of the first program it is in, by which Swift finds its
                    // arguments.
                    "/usr/bin/env",
                ]
            }
        }

        /// Forth only: by a clock set back the library holds up timers that the kernel would not.
        @Test func aClockThatJumpedIsWarnedOf() async throws {
            let folder = try RelayFolder()
            let clock = try FakeClock(in: folder)
            let relay = try await Relay.start(in: folder, wrapper: clock.wrapper())
            _ = try await relay.check("clock", until: "pass")
            try clock.set("+1h")
            let check = try await relay.check("clock", until: "warn")
            #expect(check["reason"].string?.contains("ahead of the time that messages live by") == true, "\(check)")
            #expect(try await HTTP.get("http://\(relay.metrics)/health/ready").status == 200)
            try clock.set("+0")
            _ = try await relay.check("clock", until: "pass")
        }

        @Test func aDayForthAndBackEndsNothing() async throws {
            let folder = try RelayFolder(["server.keepalive.interval_ms": 1_000])
            let clock = try FakeClock(in: folder)
            let relay = try await Relay.start(in: folder, wrapper: clock.wrapper())
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            // Its hour would be over at once a day later.
            let queued = try await alice.tell("send", ["to": "carol", "delivery": 2, "ttl": 3_600, "settle": true])
            #expect(queued.acked.count == 1)

            for (jump, day) in [("+1d", 86_400.0), ("-1d", -86_400.0)] {
                let before = try await relay.scrape().sum("moltrelay_clock_jumps_total") ?? 0
                try clock.set(jump)
                let jumped = try await relay.scrape { $0.sum("moltrelay_clock_jumps_total") == before + 1 }
                let ahead = try #require(jumped.sum("moltrelay_clock_offset_seconds"))
                #expect(abs(ahead - day) < 60, "\(ahead)")
                // The store is swept meanwhile: a second is a second.
                let expired = try Ledger(jumped).expired
                try await alice.tell("send", ["to": "dave", "delivery": 2, "ttl": 1, "settle": true])
                _ = try await relay.scrape { try Ledger($0).expired == expired + 1 }
                // Nobody is told that his own clock is wrong.
                try await PythonAgent.connected("erin", to: relay).tell("close")
            }
            try clock.set("+0")
            _ = try await relay.logged("system clock came back")
            let jumps = relay.log.filter { $0["message"] == "system clock jumped, not followed yet" }
            #expect(jumps.count == 2)

            let carol = try await PythonAgent.connected("carol", to: relay)
            #expect(try await carol.tell("expect", ["ack": true]).frames[0]["id"].string == queued.ids[0])
            let live = try await alice.tell("send", ["to": "bob", "delivery": 2])
            #expect(try await bob.tell("expect", ["ack": true]).frames[0]["id"].string == live.ids[0])
            let scrape = try await relay.scrape()
            #expect(scrape.sum("moltrelay_connections_closed_total", ["reason": "keepalive_timeout"]) == 0)
            #expect(scrape.sum("moltrelay_connections_closed_total", ["reason": "idle"]) == 0)
            #expect(scrape.sum("moltrelay_messages_settled_total", ["fate": "expired"]) == 2)
            #expect(await relay.stop() == .exit(0))
        }
    }
}
