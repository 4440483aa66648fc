import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// What must be read nowhere is put everywhere it can be put, and then looked for in all that the relay writes.
    @Suite struct PlantedSecretTests {
        /// With an end of line and an escape, for whoever writes it out as it came.
        private static let breakout = "\n{\"level\":\"critical\",\"message\":\"injected\"}\u{1B}[31m"
        private static let agent = "planted-agent" + breakout
        private static let recipient = "planted-recipient" + breakout
        private static let envelope = "planted-envelope" + breakout
        private static let address = "127.0.0.77"
        private static let token = "planted-health-token-0123456789abcdef"
        private static let password = "planted-redis-password"

        /// Everything that the relay said on any way: name of the way -> text.
        private var told: [String: String] = [:]

        private func settings(_ folder: RelayFolder, _ collector: TraceCollector) throws -> [String: JSON] {
            let token = try folder.write(Self.token, to: "token")
            let own: [String: JSON] = [
                "logging.level": "debug", "storage.redis.password": .string(Self.password),
                "health.token_file": .string(token), "auth.private_key_file": .string(folder.path + "/relay.key"),
            ]
            chmod(token, 0o600)
            return collector.jaeger(own)
        }

        private func http(_ listener: String, _ request: String) async throws -> String {
            let address = listener.replacing(":", with: "/")
            let script = "exec 3<>/dev/tcp/\(address); printf '%b' \"$REQUEST\" >&3; timeout 10 cat <&3 || true"
            return try await Programs.shell(script, environment: ["REQUEST": request]).text
        }

        /// The secrets that are only known once somebody is connected.
        private func exchange(_ relay: Relay) async throws -> [String] {
            let alice = try PythonAgent(Self.agent)
            let options: [String: JSON] = ["source": .string(Self.address)]
            let connected = try await alice.tell("connect", alice.credentials(for: relay, options))
            let session =
                connected.json["auth_ok"]["session_token"].string
                ?? connected.json["auth_ok"]["document"]["session_token"].string
            let bob = try await PythonAgent.connected(Self.recipient, to: relay)
            let body: [String: JSON] = ["to": .string(Self.recipient), "body": .string(Self.envelope)]
            let sent = try await alice.tell("send", body.merging(["delivery": 2]) { $1 })
            try await bob.tell("expect", ["ack": true])
            try await alice.tell("send", ["to": "planted-nobody", "body": .string(Self.envelope), "delivery": 1])
            try await alice.tell("send", body.merging(["delivery": 2, "sender": "planted-somebody-else"]) { $1 })
            _ = try await relay.logged("message in another agent's name")
            let thief = try PythonAgent("thief")
            let stolen: [String: JSON] = [
                "agent": .string(Self.agent), "key": "thief", "source": .string(Self.address),
            ]
            _ = try await thief.ask("connect", thief.credentials(for: relay, stolen))
            _ = try await relay.logged("agent refused")
            try await alice.tell(
                "frame",
                ["type": "ERROR", "payload": .string("{\"code\":1,\"message\":\"planted-error\"}")]
            )
            return [sent.ids[0], try #require(session, "\(connected.json)")]
        }

        private func ask(_ relay: Relay, about message: String) async throws -> [String: String] {
            var told: [String: String] = [:]
            let commands = [
                ["status", "--json"], ["explain", message], ["explain", message, "--json"], ["slow"],
                ["slow", "--json"],
                ["check-config", "--config", relay.folder.configuration, "--effective"],
                ["check-config", "--config", relay.folder.configuration, "--json"],
            ]
            for command in commands {
                let environment = Relay.environment(relay.folder)
                told[command.joined(separator: " ")] =
                    try await Programs.run(Programs.relay, command, environment: environment).text
            }
            for path in ["/metrics", "/health", "/health/detailed"] {
                told[path] = try await HTTP.get("http://\(relay.metrics)\(path)").body
            }
            return told
        }

        /// Requests whose every part is a stranger's: nothing of them comes back, in a header or elsewhere.
        private func provoke(_ relay: Relay) async throws -> [String: String] {
            var told: [String: String] = [:]
            let requests = [
                "GET /v1/connect?token=planted-query HTTP/1.1\\r\\nHost: planted-host\\r\\nConnection: close\\r\\n\\r\\n",
                "GET /planted-path%0d%0aplanted-header:%201 HTTP/1.1\\r\\nConnection: close\\r\\n\\r\\n",
                "GET /health/detailed HTTP/1.1\\r\\nAuthorization: Bearer planted-wrong\\r\\nConnection: close\\r\\n\\r\\n",
                "GET /../../etc/passwd HTTP/1.1\\r\\nX-Forwarded-For: planted-forward\\r\\nConnection: close\\r\\n\\r\\n",
                "planted-method\\r\\n\\r\\n",
            ]
            for (number, request) in requests.enumerated() {
                for listener in [relay.websocket, relay.http, relay.metrics] {
                    let answer = try await http(listener, request)
                    told["request \(number) to \(listener)"] = answer
                    #expect(!answer.contains("root:"), "\(answer)")
                }
            }
            return told
        }

        @Test func nothingPlantedIsReadAnywhere() async throws {
            let collector = try await TraceCollector()
            let folder = try RelayFolder()
            let made = try await Programs.run(Programs.relay, ["keygen", "--out", folder.path + "/relay.key"])
            try #require(made.ending == .exit(0), "\(made.text)")
            try folder.configure(try settings(folder, collector))
            let relay = try await Relay.start(in: folder)
            let known = try await exchange(relay)
            var told = try await ask(relay, about: known[0])
            told.merge(try await provoke(relay)) { $1 }
            try await collector.requests(1)

            // A reload that fails quotes what is wrong, and nothing beside it.
            let broken = "storage: {redis: {password: {planted-key: \(Self.password)}, db: x}}\n"
            _ = try folder.write(broken, to: "config.yaml")
            relay.process.send(SIGHUP)
            _ = try await relay.logged("configuration not reloaded, the one before stands")
            #expect(await relay.stop() == .exit(0))
            _ = await relay.process.line { _ in false }
            told["log"] = relay.process.output.lines.joined(separator: "\n")
            told["traces"] = collector.lines.joined(separator: "\n")

            let key = try String(contentsOfFile: folder.path + "/relay.key", encoding: .utf8).split(separator: "\n")[1]
            let secrets = ["planted-", Self.address, String(key), known[1], "injected"]
            for (way, text) in told {
                for secret in secrets { #expect(!text.contains(secret), "\(secret) in \(way): \(text.prefix(2_000))") }
            }
            #expect(told["traces"]?.isEmpty == false && told["/metrics"]?.isEmpty == false)
            // Nobody made a line of the log, and nobody broke one.
            for line in relay.process.output.lines { #expect(Relay.entry(line) != nil, "\(line)") }
        }
    }
}
