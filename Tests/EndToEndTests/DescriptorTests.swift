import FoundationEssentials
import Testing

extension EndToEnd {
    /// File descriptors run out: sockets wait in the backlog, nothing spins, and what is open goes on.
    @Suite struct DescriptorTests {
        private static let pauseLine = "accepting paused for want of file descriptors"

        private static func pauses(of relay: Relay) async throws -> Double {
            try await relay.scrape().sum("moltrelay_accept_pauses_total") ?? 0
        }

        private static func loggedPauses(of relay: Relay) -> Int {
            relay.log.filter { $0["message"].string == pauseLine }.count
        }

        private struct Call {
            /// In seconds since 1970.
            let time: Double
            let text: Substring
        }

        /// `4711  1795653878.703123 accept4(...`, as `strace -f -ttt` writes it.
        private static func calls(in trace: String) throws -> [Call] {
            let text = String(decoding: try Data(contentsOf: URL(filePath: trace)), as: UTF8.self)
            return text.split(separator: "\n").compactMap { line in
                let parts = line.split(separator: " ", maxSplits: 2)
                return parts.count == 3 ? Double(parts[1]).map { Call(time: $0, text: parts[2]) } : nil
            }
        }

        /// A limit of 128 leaves agents 64. Descriptors remain for probes, scrapes and the store.
        @Test func acceptingPausesBeforeTheLastDescriptor() async throws {
            let folder = try RelayFolder(["limits.handshake_timeout_ms": 60_000, "limits.max_connections_per_ip": 0])
            let relay = try await Relay.start(in: folder, wrapper: ["prlimit", "--nofile=128:128"])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            let sockets = try PythonAgent("sockets")
            try await sockets.tell("sockets", ["url": .string(relay.url), "count": 90])
            _ = try await relay.scrape { ($0.sum("moltrelay_accept_pauses_total") ?? 0) > 0 }
            #expect(try await Self.pauses(of: relay) > 0)
            _ = try await relay.check("accepting", until: "warn")

            for path in ["/health", "/health/ready"] { _ = try await relay.probe(path, until: 200) }
            let sent = try await alice.tell("send", ["to": "away", "delivery": 2, "settle": true])
            #expect(sent.acked.count == 1)
            try await alice.tell("send", ["to": "bob", "delivery": 1])
            try await bob.tell("expect")
            #expect(Self.loggedPauses(of: relay) == 1)

            try await sockets.tell("sockets_close")
            _ = try await relay.check("accepting", until: "pass")
            let carol = try await PythonAgent.connected("carol", to: relay)
            try await carol.tell("ping")
            #expect(Self.loggedPauses(of: relay) == 1)
        }

        /// Somebody takes the limit away under the relay: accept(2) itself fails, for the probes' listeners too.
        @Test func aRefusalOfTheSystemIsNotAskedForAgainAtOnce() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            let pid = "\(relay.process.pid)"
            let began = ContinuousClock.now
            let before = try await Programs.shell("prlimit --pid \(pid) --nofile --output=SOFT --noheadings")
            let lowered = try await Programs.shell("prlimit --pid \(pid) --nofile=$(ls /proc/\(pid)/fd | wc -l):")
            #expect(lowered.ending == .exit(0), "\(lowered.text)")

            let trace = relay.folder.path + "/trace"
            let tracer = try await Tracer([
                "-f", "-ttt", "-p", pid, "-e", "trace=accept4,accept,epoll_wait", "-o", trace,
            ])
            let sockets = try PythonAgent("sockets")
            // Some numbers below the limit may be free.
            for address in [relay.url, "http://\(relay.metrics)"] {
                try await sockets.tell("sockets", ["url": .string(address), "count": 16])
            }
            _ = try await relay.logged(Self.pauseLine)
            // Long enough that a relay which spins would make thousands of calls.
            try await Programs.watch(seconds: 3)
            try await alice.tell("send", ["to": "bob", "delivery": 1])
            try await bob.tell("expect")
            await tracer.letGo()
            let calls = try Self.calls(in: trace)
            let seconds = try #require(calls.last).time - #require(calls.first).time
            let refusals = calls.count { $0.text.contains("EMFILE") }
            #expect(refusals >= 2)
            // The two listeners that sockets wait for ask once a second each, however long a busy machine takes.
            #expect(Double(refusals) <= 2 * (seconds + 2), "in \(seconds) s")
            #expect(Double(calls.count) < 150 * (seconds + 1), "in \(seconds) s")

            let raised = try await Programs.shell("prlimit --pid \(pid) --nofile=\(before.text):")
            #expect(raised.ending == .exit(0), "\(raised.text)")
            let carol = try await PythonAgent.connected("carol", to: relay)
            try await carol.tell("ping")
            let pauses = try await Self.pauses(of: relay)
            let elapsed = Double((ContinuousClock.now - began).components.seconds)
            #expect(pauses >= 1 && pauses <= elapsed + 2, "in \(elapsed) s")
            #expect(Self.loggedPauses(of: relay) == 1)
        }
    }
}
