import Foundation
import Testing

extension EndToEnd {
    @Suite struct AgentCommandTests {
        @Test func aBlockedAgentGoesAndStaysOutOverARestart() async throws {
            let folder = try RelayFolder()
            var relay = try await Relay.start(in: folder)
            let bob = try await PythonAgent.connected("bob", to: relay)
            let block = try await JSON(
                parsing: relay.command("agent", "block", "bob", "--reason", "floods", "--json").text
            )
            #expect(block["blocked"]["reason"] == "floods", "\(block)")
            #expect(try await bob.tell("end").close == 4006)
            let refused = try await PythonAgent("bob").ask("connect", ["url": .string(relay.url), "agent": "bob"])
            #expect(refused.json["document"]["code"] == "AUTH_BLOCKED", "\(refused.json)")
            _ = try await PythonAgent.connected("alice", to: relay)
            #expect(try await relay.logged("agent blocked by hand")["event"] == "agent_blocked")
            #expect(await relay.stop() == .exit(0))

            relay = try await Relay.start(in: folder)
            let again = try await PythonAgent("bob").ask("connect", ["url": .string(relay.url), "agent": "bob"])
            #expect(again.json["document"]["code"] == "AUTH_BLOCKED", "\(again.json)")
            #expect(try await relay.command("agent", "unblock", "bob").ending == .exit(0))
            #expect(try await relay.command("agent", "unblock", "bob").ending == .exit(69))
            _ = try await PythonAgent.connected("bob", to: relay)
            #expect(await relay.stop() == .exit(0))
        }

        @Test func aLostKeyLocksNobodyOutForEver() async throws {
            let relay = try await Relay.start()
            let first = try await PythonAgent.connected("bob", to: relay)
            let shown = try await JSON(parsing: relay.command("agent", "show", "bob", "--json").text)
            #expect(shown["pinned"]["key"].string?.hasPrefix("ed25519:") == true, "\(shown)")
            #expect(shown["connections"].array.count == 1 && shown["blocked"] == .null)
            try await first.tell("close")
            let other: [String: JSON] = ["url": .string(relay.url), "agent": "bob", "key": "another"]
            let refused = try await PythonAgent("bob").ask("connect", other)
            #expect(refused.json["document"]["code"] == "AUTH_KEY_PINNED", "\(refused.json)")
            #expect(try await relay.command("agent", "unpin", "bob").ending == .exit(64))
            #expect(try await relay.command("agent", "unpin", "bob", "--yes").ending == .exit(0))
            let taken = try await PythonAgent("bob").ask("connect", other)
            #expect(taken.ok, "\(taken.json)")
            #expect(try await relay.command("agent", "unpin", "nobody", "--yes").ending == .exit(69))
            #expect(await relay.stop() == .exit(0))
        }

        @Test func aListOfTheBlockedThatIsDamagedEndsTheStart() async throws {
            let folder = try RelayFolder()
            try Data("{".utf8).write(to: URL(filePath: folder.path + "/blocked.json"))
            let process = try Relay.launch(in: folder)
            #expect(await process.end() != .exit(0))
            #expect(process.output.lines.contains { $0.contains("blocked.json cannot be read") })
        }

        @Test func aReloadAnswersWhatChangedAndWhatWaits() async throws {
            let relay = try await Relay.start()
            try relay.folder.configure(["logging.level": "debug", "queue.retention_hours": 24])
            let reload = try await JSON(parsing: relay.command("reload", "--json").text)
            #expect(reload["taken"] == true && reload["changed"] == ["logging.level"], "\(reload)")
            #expect(reload["restart"] == ["queue.retention_hours"])
            let settings = try await JSON(parsing: relay.command("config", "show", "--json").text)["settings"].array
            func setting(_ key: String) -> JSON { settings.first { $0["key"].string == key } ?? .null }
            #expect(setting("logging.level")["value"] == "debug")
            #expect(setting("queue.retention_hours")["value"] == "168")
            #expect(setting("queue.retention_hours")["pending"] == "24")
            #expect(try await relay.command("config", "show").text.contains("24 after a restart"))

            try relay.folder.configure(["logging.level": "loud"])
            let refused = try await relay.command("reload", "--json")
            #expect(refused.ending == .exit(1))
            #expect(try JSON(parsing: refused.text)["taken"] == false)
            #expect(try JSON(parsing: refused.text)["findings"].array.count == 1, "\(refused.text)")
            #expect(await relay.stop() == .exit(0))
        }
    }
}
