import Testing

extension EndToEnd {
    /// The security events of docs/logging.md, each driven by what it tells of.
    @Suite struct AuditTests {
        private func event(_ name: String, _ reason: String? = nil, of relay: Relay) async throws -> JSON {
            let line = await relay.process.line { line in
                guard let entry = Relay.entry(line) else { return false }
                return entry["event"].string == name && (reason == nil || entry["reason"].string == reason)
            }
            return try JSON(parsing: #require(line, "no event \(name): \(relay.process.output.lines)"))
        }

        private func abuse(_ way: String, of relay: Relay) async throws {
            let abuser = try PythonAgent("abuser")
            try await abuser.tell("abuse", ["address": .string(relay.websocket), "way": .string(way)])
        }

        @Test func aConnectionFromItsStartToItsEnd() async throws {
            let relay = try await Relay.start(["logging.level": "debug"])
            let alice = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("close")
            let established = try await event("connection_established", of: relay)
            let success = try await event("auth_success", of: relay)
            let closed = try await event("connection_closed", of: relay)
            #expect(established["level"] == "info" && success["level"] == "info" && closed["level"] == "debug")
            let client = try #require(established["client_ip_hash"].string)
            #expect(client.wholeMatch(of: /[0-9a-f]{16}/) != nil)
            // Python: hashlib.sha256(b"alice").hexdigest()
            let agent = "sha256:2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90"
            for line in [success, closed] {
                #expect(line["agent_id_hash"].string == agent)
                #expect(line["client_ip_hash"].string == client)
                #expect(line["relay_id"] == "relay-under-test")
            }
            #expect(closed["reason"] == "agent_closed")
        }

        @Test func aSignatureThatIsWrongAndOneThatIsAReplay() async throws {
            let relay = try await Relay.start()
            try await abuse("another_keys_signature", of: relay)
            let failure = try await event("auth_failure", of: relay)
            #expect(failure["level"] == "warning" && failure["reason"] == "signature_invalid", "\(failure)")
            try await abuse("the_same_auth_again", of: relay)
            let replay = try await event("replay", of: relay)
            #expect(replay["level"] == "error" && replay["agent_id_hash"].string != nil, "\(replay)")
        }

        @Test func limitsOfConnectionsAndOfMessages() async throws {
            let relay = try await Relay.start([
                "limits.max_connections_per_ip": 1, "limits.messages_per_agent_per_minute": 1,
            ])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let answer = try await HTTP.get("http://\(relay.websocket)/v1/connect")
            #expect(answer.status == 429 || answer.status == 503, "\(answer)")
            let refused = try await event("rate_limit", "max_connections_per_ip", of: relay)
            #expect(refused["level"] == "warning" && refused["agent_id_hash"] == .null, "\(refused)")
            try await alice.tell("send", ["to": "bob", "delivery": 1, "count": 5])
            let over = try await event("rate_limit", "message_rate", of: relay)
            #expect(over["agent_id_hash"].string != nil, "\(over)")
            #expect(await relay.stop() == .exit(0))
            _ = await relay.process.line { _ in false }
            #expect(relay.log.count { $0["reason"] == "message_rate" } == 1, "once a minute for a connection")
        }

        @Test func aMessageInAnotherAgentsName() async throws {
            let relay = try await Relay.start()
            try await abuse("another_senders_message", of: relay)
            #expect(try await event("impersonation", of: relay)["level"] == "warning")
        }

        @Test func aCrowdIsCountedWhereItIsNotWritten() async throws {
            let relay = try await Relay.start(["limits.max_connections_per_ip": 1])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let url = "http://\(relay.websocket)/v1/connect"
            let refusals = 60
            _ = try await Programs.shell("for i in $(seq \(refusals)); do curl -s -o /dev/null \(url); done")
            try await alice.tell("close")
            #expect(await relay.stop() == .exit(0))
            _ = await relay.process.line { _ in false }
            let written = relay.log.count { $0["event"] == "rate_limit" }
            let heldBack = relay.log.filter {
                $0["message"] == "log lines held back" && $0["held_message"] == "limit reached"
            }
            #expect(written >= 20 && written + heldBack.reduce(0) { $0 + ($1["held_back"].int ?? 0) } == refusals)
        }
    }
}
