import Glibc
import Testing

extension Waiting {
    /// What systemd is told, by a socket in systemd's place.
    @Suite struct SystemdTests {
        @Test(arguments: NotifyReceiver.Place.allCases)
        func hearsEachStateInItsOrder(place: NotifyReceiver.Place) async throws {
            let folder = try RelayFolder(["server.drain.readiness_delay_ms": 1_000, "server.drain.timeout_ms": 120_000])
            let systemd = try NotifyReceiver(place, in: folder)
            let relay = try await Relay.start(in: folder, wrapper: systemd.variables())
            let ready = try #require(await systemd.notice("READY=1"), "\(systemd.heard.lines)")
            #expect(ready.contains("STATUS=agents: 0, queued: 0, messages/s: 0"))
            #expect(systemd.heard.lines.first == "STATUS=starting: reading the queue")
            _ = try await relay.probe("/health/ready", until: 200)

            let alice = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("send", ["to": "away", "delivery": 2, "settle": true])
            let status = await systemd.first { $0.contains("STATUS=agents: 1, queued: 1,") }
            #expect(status != nil, "\(systemd.heard.lines)")

            let before = Self.monotonicMicroseconds()
            let index = systemd.heard.lines.count
            relay.process.send(SIGHUP)
            let reloading = try #require(await systemd.notice("RELOADING=1", from: index))
            let time = try #require(reloading.split(separator: "=").last.flatMap { UInt64($0) }, "\(reloading)")
            #expect((before...Self.monotonicMicroseconds()).contains(time))
            #expect(await systemd.notice("READY=1", from: index) != nil)

            #expect(await relay.stop() == .exit(0))
            // As long as the drain may take, and 15 s.
            let stopping = try #require(await systemd.notice("STOPPING=1"))
            #expect(stopping.hasSuffix("EXTEND_TIMEOUT_USEC=136000000"))
            let drained = await systemd.first { $0.contains("STATUS=draining; ") }
            #expect(drained != nil, "\(systemd.heard.lines)")
            let states = systemd.heard.lines.flatMap { $0.split(separator: " ") }
                .filter { ["READY=1", "RELOADING=1", "STOPPING=1"].contains($0) }
            #expect(states == ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"])
        }

        private static func monotonicMicroseconds() -> UInt64 {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1_000
        }

        /// Alive is not enough: the process answers probes on another loop all the time.
        @Test func theWatchdogStarvesWhileALoopHangs() async throws {
            let folder = try RelayFolder()
            let systemd = try NotifyReceiver(.path, in: folder)
            let relay = try await Relay.start(in: folder, wrapper: systemd.variables(watchdogMicroseconds: 1_000_000))
            _ = try await relay.probe("/health", until: 200)
            #expect(await systemd.notice("WATCHDOG=1") != nil)

            let tracer = try await Tracer.hanging(loop: 1, of: "\(relay.process.pid)")
            _ = try await relay.probe("/health", until: 503)
            let fed = systemd.heard.lines.count
            // Several times as long as systemd would have waited.
            try await Programs.watch(seconds: 3)
            #expect(!systemd.heard.lines.dropFirst(fed).contains { $0.contains("WATCHDOG=1") })

            await tracer.letGo()
            #expect(await systemd.notice("WATCHDOG=1", from: fed) != nil)
            #expect(await relay.stop() == .exit(0))
        }

        @Test func aSystemdThatDoesNotReadHoldsNothingUp() async throws {
            let folder = try RelayFolder()
            let systemd = try NotifyReceiver(.abstract, in: folder, reads: false)
            systemd.fill()
            let relay = try await Relay.start(in: folder, wrapper: systemd.variables(watchdogMicroseconds: 1_000_000))
            _ = try await relay.logged("systemd does not hear")
            _ = try await relay.probe("/health/ready", until: 200)
            #expect(await relay.stop() == .exit(0))
            #expect(relay.log.count { $0["message"] == "systemd does not hear" } == 1)
        }

        /// The unit that ships, its sandbox included, under systemd itself.
        @Test func systemdItselfRunsTheUnit() async throws {
            let folder = try RelayFolder(["admin.socket_group": "nogroup"])
            let systemd = try await RealSystemd(in: folder, dropIn: ["WatchdogSec=2", "RestartSec=100ms"])
            let active = try await systemd.state { $0["ActiveState"] == "active" }
            #expect(active["Type"] == "notify")
            #expect(active["StatusText"]?.hasPrefix("agents: 0, queued: 0") == true, "\(active["StatusText"] ?? "")")
            #expect(try await systemd.run("/usr/local/bin/moltrelay", "status").ending == .exit(0))
            let places = ["/run/moltrelay", "/run/moltrelay/admin.sock"]
            let owned = try await systemd.run("stat", "-c", "%a %G", places[0], places[1])
            #expect(owned.lines == ["750 nogroup", "660 nogroup"], "\(owned.text)")

            #expect(try await systemd.run("systemctl", "reload", "moltrelay").ending == .exit(0))
            _ = try await systemd.state { $0["ActiveState"] == "active" && $0["ReloadResult"] == "success" }

            let first = try systemd.relayProcess()
            let tracer = try await Tracer.hanging(loop: 1, of: first)
            // The process is not gone before its tracer lets go.
            _ = try await systemd.state { $0["SubState"] == "stop-watchdog" }
            await tracer.letGo()
            let again = try await systemd.state { $0["NRestarts"] == "1" && $0["ActiveState"] == "active" }
            #expect(again["WatchdogUSec"] == "2s")
            #expect(try systemd.relayProcess() != first)

            #expect(try await systemd.run("systemctl", "stop", "moltrelay").ending == .exit(0))
            let stopped = try await systemd.state { $0["ActiveState"] == "inactive" }
            #expect(stopped["Result"] == "success" && stopped["ExecMainStatus"] == "0", "\(stopped)")
            try await systemd.end()
        }

        @Test func aStartThatFailsSaysWhy() async throws {
            let folder = try RelayFolder(["server.listen.http": "192.0.2.1:80"])
            let systemd = try NotifyReceiver(.path, in: folder)
            let process = try Relay.launch(in: folder, wrapper: systemd.variables())
            let reason = await systemd.first { $0.contains("STATUS=did not start: ") }
            #expect(reason?.contains("cannot listen on 192.0.2.1:80") == true, "\(systemd.heard.lines)")
            #expect(await process.end() != .exit(0))
            #expect(systemd.count(of: "READY=1") == 0)
        }
    }
}
