import Testing

extension EndToEnd {
    @Suite struct AuthenticationTests {
        /// One way to fail, and what the relay must be configured for to tell it apart.
        struct Failure: CustomTestStringConvertible, Sendable {
            let code: String
            var settings: [String: JSON] = [:]
            /// Agents that are let in before, or fail before.
            var before: [[String: JSON]] = []
            var attempt: [String: JSON] = [:]
            var testDescription: String { code }
        }

        private static let attested: [String: JSON] = ["auth.allow_anonymous": false]

        static let failures = [
            Failure(code: "AUTH_SIGNATURE_INVALID", attempt: ["signing_key": "mallory"]),
            Failure(code: "AUTH_AGENT_MISMATCH", attempt: ["claimed_id": "bob"]),
            Failure(code: "AUTH_ORG_UNTRUSTED", settings: attested),
            Failure(code: "AUTH_ORG_UNTRUSTED", settings: attested, attempt: ["attest": ["org": "unheard-of"]]),
            Failure(
                code: "AUTH_ATTESTATION_INVALID",
                settings: attested,
                attempt: ["attest": ["org": "acme", "damaged": true]]
            ),
            Failure(
                code: "AUTH_ATTESTATION_INVALID",
                settings: attested,
                attempt: ["attest": ["org": "acme", "for_agent": "bob"]]
            ),
            Failure(
                code: "AUTH_ATTESTATION_EXPIRED",
                settings: attested,
                attempt: ["attest": ["org": "acme", "issued_s": -7200, "expires_s": -3600]]
            ),
            Failure(code: "AUTH_KEY_PINNED", before: [[:]], attempt: ["key": "another"]),
            Failure(code: "AUTH_CLOCK_SKEW", attempt: ["skew_ms": 400_000]),
            Failure(
                code: "AUTH_RATE_LIMITED",
                settings: ["limits.failed_auth_per_agent_per_hour": 2],
                before: [["signing_key": "mallory"], ["signing_key": "mallory"]]
            ),
            Failure(
                code: "AUTH_TOO_MANY_CONNECTIONS",
                settings: ["limits.max_connections_per_agent": 2],
                before: [[:], [:]]
            ),
        ]

        private static func organisations() async throws -> JSON {
            let key = try await PythonAgent("keys").tell("key", ["word": "acme"]).json["public"]
            return [["name": "acme", "public_key": key]]
        }

        @Test(arguments: failures) func isToldApart(_ failure: Failure) async throws {
            var settings = failure.settings
            settings["auth.trusted_orgs"] = try await Self.organisations()
            let relay = try await Relay.start(settings)
            var others: [PythonAgent] = []
            for options in failure.before {
                let other = try PythonAgent("alice")
                _ = try await other.ask("connect", other.credentials(for: relay, options))
                others.append(other)
            }
            let agent = try PythonAgent("alice")
            let answer = try await agent.ask("connect", agent.credentials(for: relay, failure.attempt))
            #expect(!answer.ok)
            #expect(answer.json["document"]["type"] == "AUTH_FAIL", "\(answer.json)")
            #expect(answer.json["document"]["code"].string == failure.code)
            #expect(answer.close == 4001)
            #expect(others.count == failure.before.count)
        }

        /// Else the table above would pass against a relay that lets nobody in.
        @Test func anAttestedAgentIsLetIn() async throws {
            var settings = Self.attested
            settings["auth.trusted_orgs"] = try await Self.organisations()
            let relay = try await Relay.start(settings)
            _ = try await PythonAgent.connected("alice", to: relay, ["attest": ["org": "acme"]])
        }

        @Test func aPinOutlivesTheRelay() async throws {
            let folder = try RelayFolder()
            var relay = try await Relay.start(in: folder)
            _ = try await PythonAgent.connected("alice", to: relay)
            #expect(await relay.stop() == .exit(0))
            relay = try await Relay.start(in: folder)
            let thief = try PythonAgent("alice")
            let answer = try await thief.ask("connect", thief.credentials(for: relay, ["key": "another"]))
            #expect(answer.json["document"]["code"] == "AUTH_KEY_PINNED")
            _ = try await PythonAgent.connected("alice", to: relay)
        }

        @Test func theRelayProvesWhoItIs() async throws {
            let folder = try RelayFolder()
            let key = folder.path + "/relay.key"
            let made = try await Programs.run(Programs.relay, ["keygen", "--out", key])
            try #require(made.ending == .exit(0), "\(made.text)")
            try folder.configure(["auth.private_key_file": .string(key)])
            let relay = try await Relay.start(in: folder)
            let alice = try PythonAgent("alice")
            // The agent verifies the signature and fails where it does not hold.
            let hello = try await alice.connect(to: relay).json["hello_ack"]
            #expect(hello["relay_signature"].string?.hasPrefix("ed25519:") == true, "\(hello)")
        }

        @Test func somebodyElsesAuthorityIsRefused() async throws {
            let relay = try await Relay.start(["server.public_names": ["relay.example.com"]])
            let alice = try PythonAgent("alice")
            let passedOn = ["authority": JSON("hostile.example.com:443")]
            #expect(try await !alice.ask("connect", alice.credentials(for: relay, passedOn)).ok)
            try await alice.connect(to: relay, ["authority": "relay.example.com"])
        }
    }
}
