import Glibc
import Testing

extension EndToEnd {
    @Suite struct LogsTests {
        private func follow(_ relay: Relay, _ arguments: String...) throws -> ChildProcess {
            try ChildProcess(
                "/usr/bin/env",
                [Programs.relay, "logs", "-f"] + arguments,
                environment: Relay.environment(relay.folder),
                mergingErrors: true
            )
        }

        private func agentComesAndGoes(_ name: String, to relay: Relay) async throws {
            try await PythonAgent.connected(name, to: relay).tell("close")
        }

        @Test func aFollowerSeesDebugWhileTheRelayWritesInfo() async throws {
            let relay = try await Relay.start()
            let debug = try follow(relay, "--level", "debug", "--json")
            let plain = try follow(relay, "--agent", "second")
            _ = await debug.line { Relay.entry($0)?["message"] == "relay started" }
            // The one that begins later has no line to wait for.
            for _ in 0..<Relay.patience {
                if try await relay.scrape().sum("moltrelay_log_followers") == 2 { break }
            }
            try await agentComesAndGoes("first", to: relay)
            try await agentComesAndGoes("second", to: relay)
            let gone = await debug.line { Relay.entry($0)?["message"] == "agent disconnected" }
            #expect(gone != nil)
            let about = await plain.line { $0.contains("agent connected") }
            #expect(about?.contains("\u{1B}") == false, "no colour in a pipe")
            #expect(await relay.stop() == .exit(0))
            #expect(await plain.end() == .exit(69))
            #expect(await debug.end() == .exit(69))
            #expect(plain.output.lines.count { $0.contains("agent connected") } == 1)
            #expect(!plain.output.lines.contains { $0.contains("agent disconnected") })
            #expect(plain.output.lines.last == "moltrelay: the relay has ended, and its log with it")
            #expect(!relay.log.contains { $0["message"] == "agent disconnected" })
        }

        @Test func theLastLinesOutOfMemoryWhereverTheLogGoes() async throws {
            let relay = try await Relay.startUnheard(in: RelayFolder(["logging.output": "/dev/null"]))
            try await agentComesAndGoes("agent", to: relay)
            let all = try await relay.command("logs")
            #expect(all.ending == .exit(0))
            #expect(all.text.contains("relay started"))
            let events = try await relay.command("logs", "--event", "auth_success", "--json", "-n", "1")
            #expect(try JSON(parsing: events.text)["message"] == "agent connected")
            #expect(try await relay.command("logs", "--grep", "no such thing").text == "")
            let wrong = try await relay.command("logs", "--event", "auth")
            #expect(wrong.ending == .exit(64))
            #expect(wrong.text.contains("--event is one of ") && wrong.text.contains("auth_failure"), "\(wrong.text)")
            #expect(await relay.stop() == .exit(0))
        }

        @Test func aReaderThatStandsStillHoldsUpNothing() async throws {
            let relay = try await Relay.start()
            let reader = try follow(relay, "--level", "debug")
            _ = await reader.line { $0.contains("relay started") }
            reader.send(SIGSTOP)
            for number in 0..<30 { try await agentComesAndGoes("agent-\(number)", to: relay) }
            #expect(try await relay.command("status").ending == .exit(0))
            reader.send(SIGCONT)
            #expect(await reader.line { $0.contains("agent disconnected") } != nil)
            reader.send(SIGINT)
            _ = await reader.end()
            #expect(await relay.stop() == .exit(0))
        }
    }
}
