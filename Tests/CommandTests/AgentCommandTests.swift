import Foundation
import Identity
import ProgramFixture
import RelayFixture
import Testing
import WireProtocol

/// `send` and `listen` against the real relay, as a shell runs them.
@Suite(.timeLimit(.minutes(2))) struct AgentCommandTests {
    private let relay: RelayProcess

    init() async throws {
        relay = try await RelayProcess(["queue": "{max_messages_per_agent: 3, max_share_per_sender: 1}"])
    }

    private func run(_ command: String, _ arguments: String..., input: String? = nil) throws -> Run {
        try Run.moltrelay(
            [command, "--relay", relay.url] + arguments,
            environment: ["HOME": relay.folder.path],
            in: relay.folder,
            input: input
        )
    }

    private func object(_ line: String) throws -> [String: any Sendable] {
        try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: any Sendable])
    }

    @Test func aMessageIsQueuedAndListenedTo() throws {
        let sent = try run("send", "--agent-id", "alice", "--to", "bob", "hello\nworld")
        let parts = sent.output.split(whereSeparator: \.isWhitespace).map(String.init)
        try #require(sent.status == 0 && parts.count == 2, "\(sent)")
        #expect(parts[0] == "queued" && MessageID(uuid: parts[1]) != nil)
        let heard = try run("listen", "--agent-id", "bob", "--count", "1", "--timeout", "20s")
        #expect(heard.status == 0)
        #expect(
            heard.output == """
                \(parts[1]) from \(AgentHash(agentID: "alice")), 11 bytes
                hello
                world

                """
        )
        #expect(heard.errors.contains("connected to relay-1, messages waiting: 1\n"))
    }

    @Test func scriptsGetOneObjectEach() throws {
        let hash = AgentHash(agentID: "bob").description
        let sent = try object(
            run("send", "--agent-id", "alice", "--to", hash, "--priority", "high", "--json", "-", input: "{}").output
        )
        #expect(Set(sent.keys) == ["id", "outcome", "bytes", "attempts"])
        #expect(sent["outcome"] as? String == "queued" && sent["bytes"] as? Int == 2 && sent["attempts"] as? Int == 1)
        let heard = try object(run("listen", "--agent-id", "bob", "--count", "1", "--timeout", "20s", "--json").output)
        #expect(Set(heard.keys) == ["id", "sender", "size", "mode", "priority", "timestamp", "body"])
        #expect(heard["id"] as? String == sent["id"] as? String)
        #expect(heard["sender"] as? String == AgentHash(agentID: "alice").description)
        #expect(heard["mode"] as? String == "at_least_once" && heard["priority"] as? Int == 64)
        #expect(heard["body"] as? String == "{}")
    }

    @Test func whatATerminalWouldObeyIsWrittenOut() throws {
        _ = try run("send", "--to", "bob", "a\u{1B}[2Jb\u{202E}c\r")
        let heard = try run("listen", "--agent-id", "bob", "--count", "1", "--timeout", "20s")
        #expect(heard.output.hasSuffix(" bytes\na\\u{1b}[2Jb\\u{202e}c\\u{d}\n"))
    }

    @Test func whatIsNotAcknowledgedStays() throws {
        _ = try run("send", "--to", "bob", "x")
        for arguments in [["--no-ack"], []] {
            let heard = try Run.moltrelay(
                ["listen", "--relay", relay.url, "--agent-id", "bob", "--count", "1", "--timeout", "20s"] + arguments,
                environment: ["HOME": relay.folder.path]
            )
            #expect(heard.status == 0 && heard.output.hasSuffix("\nx\n"))
        }
        #expect(try run("listen", "--agent-id", "bob", "--count", "1", "--timeout", "1s").status == 75)
    }

    @Test func aListenerThatIsToldToEndEndsWell() async throws {
        let listener = try Listener(relay)
        #expect(listener.waits(for: "connected"))
        let sent = try run("send", "--to", "bob", "--timeout", "20s", "x")
        #expect(sent.status == 0 && ["processed", "queued"].contains(sent.output.prefix { $0 != " " }))
        #expect(listener.end(by: SIGTERM) == 0)
        #expect(try run("send", "--to", "bob", "--best-effort", "x").output.hasPrefix("written "))
    }

    @Test func anAgentKeepsItsKey() throws {
        for note in [true, false] {
            let run = try run("send", "--agent-id", "carol", "--to", "bob", "x")
            #expect(run.status == 0)
            #expect(run.errors.hasPrefix("moltrelay: made the key ") == note)
        }
        let kept = relay.folder.appending(path: ".local/state/moltrelay/agents")
        let name = try #require(FileManager.default.contentsOfDirectory(atPath: kept.path).first)
        let file = kept.appending(path: name).path
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)
        let named = try run("send", "--agent-id", "carol", "--key", file, "--to", "bob", "x")
        #expect(named.status == 0)
    }

    @Test func anIdOfAnotherKeyEndsWith77() throws {
        #expect(try run("send", "--agent-id", "dora", "--to", "bob", "x").status == 0)
        let other = try run(
            "send",
            "--agent-id",
            "dora",
            "--key",
            "other.key",
            "--create-key",
            "--to",
            "bob",
            "--json",
            "x"
        )
        #expect(other.status == 77)
        let report = try object(other.output)
        #expect(report["code"] as? String == "AUTH_KEY_PINNED" && report["outcome"] as? String == "unavailable")
    }

    @Test func anotherRelayThanTheNamedOneEndsWith77() throws {
        let key = try Ed25519.PrivateKey.generate().publicKey.text
        let run = try run("send", "--relay-key", key, "--to", "bob", "x")
        #expect(run.status == 77)
        #expect(run.errors.contains("the relay did not prove its identity, and a key is pinned\n"))
    }

    @Test func aFullQueueEndsWith75() throws {
        let results = try (0..<4).map { _ in try run("send", "--to", "bob", "--json", "x") }
        #expect(results.map(\.status) == [0, 0, 0, 75])
        let report = try object(results[3].output)
        #expect(report["outcome"] as? String == "refused" && report["code"] as? String == "QUEUE_FULL")
    }

    @Test func aMessageTheRelayWillNeverTakeEndsWith1() throws {
        let run = try run("send", "--to", "bob", "-", input: String(repeating: "x", count: 1_200_000))
        #expect(run.status == 1)
        #expect(run.errors.contains("the message is too large; a payload may have 1048703 bytes"))
    }
}

@Suite struct AgentUsageTests {
    @Test(arguments: ["send", "listen"])
    func noRelayEndsWith69(command: String) throws {
        let body = command == "send" ? ["--to", "bob", "x"] : []
        let run = try Run.moltrelay([command, "--relay", "ws://127.0.0.1:1"] + body)
        #expect(run.status == 69)
        #expect(run.errors.contains("the relay cannot be reached: Connection refused (127.0.0.1:1)\n"))
    }

    @Test(arguments: [
        ["send", "--to", "bob"], ["send", "x"], ["send", "--to", "", "x"], ["send", "--to", "sha256:12", "x"],
        ["send", "--to", "bob", "--relay", "http://h", "x"], ["send", "--to", "bob", "--relay", "wss://", "x"],
        ["send", "--to", "bob", "--ttl", "5", "x"], ["send", "--to", "bob", "--id", "7", "x"],
        ["send", "--to", "bob", "--create-key", "x"], ["send", "--to", "bob", "--best-effort", "--exactly-once", "x"],
        ["listen", "--count", "0"], ["listen", "--agent-id", ""],
    ])
    func wrongUsageEndsWith64(arguments: [String]) throws {
        #expect(try Run.moltrelay(arguments).status == 64)
    }

    @Test func authoritiesThatCannotBeReadAreTold() throws {
        let run = try moltrelay("listen", "--relay", "wss://127.0.0.1:9", "--ca-file", "/no/such.pem")
        #expect(run.errors.contains("the certificates of /no/such.pem cannot be used"), "\(run.errors)")
        #expect(run.status == EX_UNAVAILABLE)
    }
}

/// `listen --agent-id bob` while it runs.
private final class Listener {
    private let process = Process()
    private let errors = Pipe()

    init(_ relay: RelayProcess) throws {
        process.executableURL = Bundle.main.bundleURL.appending(path: "moltrelay")
        process.arguments = ["listen", "--relay", relay.url, "--agent-id", "bob"]
        process.environment = ["HOME": relay.folder.path]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        try process.runInTurn()
    }

    /// Reads its notes until one holds `text`.
    func waits(for text: String) -> Bool {
        var notes = Data()
        while case let data = errors.fileHandleForReading.availableData, !data.isEmpty {
            notes += data
            if String(decoding: notes, as: UTF8.self).contains(text) { return true }
        }
        return false
    }

    func end(by signal: Int32) -> Int32 {
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }
}
