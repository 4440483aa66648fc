import Testing

extension Waiting {
    /// What takes traffic away, made to say no. More of the store's reasons are in StoreTests.
    @Suite struct HealthRefusalTests {
        @Test func aLoopThatHangsIsNotAlive() async throws {
            let relay = try await Relay.start()
            _ = try await relay.probe("/health", until: 200)
            let tracer = try await Tracer.hanging(loop: 1, of: "\(relay.process.pid)")
            let dead = try await relay.probe("/health", until: 503)
            #expect(dead.body.contains("event_loops"), "\(dead)")
            _ = try await relay.probe("/health/ready", until: 503)
            #expect(try await relay.scrape().sum("moltrelay_health_check", ["check": "event_loops"]) == 0)

            await tracer.letGo()
            _ = try await relay.probe("/health", until: 200)
            _ = try await relay.probe("/health/ready", until: 200)
        }

        /// A disk that answers nothing reports no failure either.
        @Test func aStoreThatHangsIsNotReady() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let delay = ["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:delay_enter=120000000"]
            let tracer = try await Tracer(["-f", "-p", "\(relay.process.pid)"] + delay)
            try await alice.tell("send", ["to": "away", "delivery": 2])
            let refused = try await relay.probe("/health/ready", until: 503)
            #expect(refused.body.contains("[-]store failed: no commit has ended for"), "\(refused)")
            #expect(try await HTTP.get("http://\(relay.metrics)/health").status == 200)

            await tracer.letGo()
            _ = try await relay.probe("/health/ready", until: 200)
            try await alice.tell("expect", ["type": "ACK"])
        }

        /// Agents are let in last; until then whoever asks for readiness is told why not.
        @Test func notReadyBeforeEveryListenerIsOpen() async throws {
            let folder = try RelayFolder()
            let delay = ["-D", "-f", "-qq", "-o", "/dev/null", "-e", "inject=listen:delay_enter=1000000"]
            let process = try Relay.launch(in: folder, wrapper: ["strace"] + delay)
            defer { process.send(9) }
            let socket = ["--silent", "--unix-socket", folder.path + "/admin.sock", "http://localhost/health/ready"]
            var answer = try await Programs.run("curl", socket)
            for _ in 0..<Relay.patience where answer.ending != .exit(0) {
                answer = try await Programs.run("curl", socket)
            }
            #expect(answer.text.contains("listeners"), "\(answer)")
            #expect(await process.line { Relay.entry($0)?["message"] == "relay started" } != nil)
            let ready = try await Programs.run("curl", ["--fail"] + socket)
            #expect(ready.ending == .exit(0), "\(ready)")
        }

        @Test func drainingIsAStateOfItsOwn() async throws {
            let relay = try await Relay.start(["server.drain.readiness_delay_ms": 600_000])
            let draining = ["check": "draining"]
            #expect(try await relay.scrape().sum("moltrelay_health_check", draining) == 1)
            relay.process.send(15)
            let refused = try await relay.probe("/health/ready", until: 503)
            #expect(refused.body.contains("draining"), "\(refused)")
            #expect(try await relay.scrape().sum("moltrelay_health_check", draining) == 0)
        }
    }
}
