import Glibc
import Testing

extension EndToEnd {
    @Suite struct LogLevelTests {
        private func agentComesAndGoes(_ name: String, to relay: Relay) async throws {
            try await PythonAgent.connected(name, to: relay).tell("close")
        }

        private func isConnectionLogged(_ relay: Relay) -> Bool {
            relay.log.contains { $0["message"] == "agent disconnected" }
        }

        @Test func aLevelSetByHandOutlivesAReloadIsToldAndIsTakenBack() async throws {
            let relay = try await Relay.start()
            try await agentComesAndGoes("unseen", to: relay)
            let set = try await JSON(parsing: relay.command("log-level", "debug", "--for", "1h", "--json").text)
            #expect(set["level"] == "debug" && set["configured"] == "info" && set["until"].string != nil, "\(set)")
            let told = try await relay.logged("log level set by hand")
            #expect(told["event"] == "log_level_changed" && told["to"] == "debug", "\(told)")
            #expect(!isConnectionLogged(relay))

            try relay.folder.configure(["logging.level": "error"])
            relay.process.send(SIGHUP)
            _ = try await relay.logged("configuration reloaded")
            try await agentComesAndGoes("seen", to: relay)
            _ = try await relay.logged("agent disconnected")

            let reset = try await JSON(parsing: relay.command("log-level", "reset", "--json").text)
            #expect(reset == ["level": "error", "configured": "error"])
            // A notice, in a log that takes errors: this one is heard at every level.
            #expect(try await relay.logged("log level reset by hand")["to"] == "error")
            #expect(await relay.stop() == .exit(0))
            #expect(!relay.log.contains { $0["message"] == "relay stopped" })
        }

        @Test func itEndsByItself() async throws {
            let relay = try await Relay.start()
            #expect(try await relay.command("log-level", "debug", "--for", "1s").ending == .exit(0))
            #expect(try await relay.logged("log level is the configured one again")["to"] == "info")
            #expect(try await relay.command("log-level").text == "info")
            #expect(await relay.stop() == .exit(0))
        }

        @Test func aPortChangesNothing() async throws {
            let relay = try await Relay.start()
            for address in [relay.http, relay.metrics] {
                let answer = try await HTTP.get("http://\(address)/v1/log-level", method: "POST")
                #expect(answer.status == 404)
            }
            #expect(try await relay.command("log-level").text == "info")
            #expect(await relay.stop() == .exit(0))
        }
    }
}
