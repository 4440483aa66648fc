import FoundationEssentials
import Glibc
import PostgresFixture
import Testing

extension Waiting {
    /// The queue in a real PostgreSQL server, from the start of the relay to its end.
    @Suite struct PostgresQueueTests {
        @Test func whatWaitsOutlivesTheRelay() async throws {
            let server = try await PostgresServer.launch()
            let folder = try RelayFolder(server.settings())
            let first = try await Relay.start(in: folder)
            let alice = try await PythonAgent.connected("alice", to: first)
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "count": 20, "settle": true])
            #expect(sent.acked.values.allSatisfy { $0 == "queued" } && sent.acked.count == 20)
            #expect(try JSON(parsing: await first.command("status", "--json").text)["store"]["kind"] == "postgres")
            #expect(await first.stop() == .exit(0))

            let relay = try await Relay.start(in: folder)
            let bob = try await PythonAgent.connected("bob", to: relay)
            let got = try await bob.tell("collect", ["ids": .array(sent.ids.map { .string($0) })])
            #expect(got.missing == [])
            let ledger = try Ledger(await relay.scrape { try Ledger($0).queued == 0 })
            #expect(ledger.isBalanced && ledger.recovered == 20, "\(ledger)")
        }

        /// Killed and started again under traffic, then its connections cut: nothing that was acknowledged is lost, and
        /// the relay finds the server by itself.
        @Test func aServerThatDiesUnderTrafficLosesNothingAcknowledged() async throws {
            let server = try await PostgresServer.launch()
            let relay = try await Relay.start(in: RelayFolder(server.settings()))
            let sender = try await PythonAgent.connected("sender", to: relay)
            try await flood(sender, untilAcknowledged: 200)
            server.kill()
            let refused = try await relay.probe("/health/ready", until: 503)
            #expect(refused.body.contains("[-]store failed"), "\(refused)")
            #expect(try await HTTP.get("http://\(relay.metrics)/health").status == 200)
            try server.start()
            _ = try await relay.probe("/health/ready", until: 200)
            for _ in 0..<3 {
                try server.sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'moltrelay'"
                )
                _ = try await relay.probe("/health/ready", until: 200)
            }
            let result = try await sender.tell("flood_stop", ["timeout_s": 60])
            let promised = Promised(result.json)
            #expect(promised.count >= 200)
            #expect(try await promised.missing(at: relay, patience: 5) == [])
            let ledger = try Ledger(await relay.scrape { try Ledger($0).isBalanced })
            #expect(ledger.isBalanced, "\(ledger)")
        }

        /// What the log tells of security, in the database too; when the relay has ended nothing is missing.
        @Test func eventsOfTheAuditLogAreInATable() async throws {
            let server = try await PostgresServer.launch()
            let relay = try await Relay.start(in: RelayFolder(server.settings()))
            _ = try await PythonAgent.connected("alice", to: relay)
            let scrape = try await relay.scrape { $0.sum("moltrelay_audit_records_total") == 2 }
            #expect(scrape.sum("moltrelay_audit_records_total") == 2)
            #expect(scrape.sum("moltrelay_telemetry_lost_total", ["signal": "audit"]) == 0)
            _ = try await relay.command("agent", "block", "alice", "--reason", "floods")
            #expect(await relay.stop() == .exit(0))
            let events = try server.sql("SELECT event FROM moltrelay.audit_log WHERE event !~ 'closed' ORDER BY number")
            #expect(events == "connection_established\nauth_success\nagent_blocked")
            let line = try JSON(
                parsing: server.sql("SELECT line FROM moltrelay.audit_log WHERE event = 'agent_blocked'")
            )
            #expect(line["reason"] == "floods" && line["level"] == "notice" && line["relay_id"] == "relay-under-test")
        }

        @Test func noTableIsWrittenWhereNoneIsWanted() async throws {
            let server = try await PostgresServer.launch()
            let relay = try await Relay.start(
                in: RelayFolder(server.settings(["storage.postgres.audit_retention_days": 0]))
            )
            _ = try await PythonAgent.connected("alice", to: relay)
            #expect(await relay.stop() == .exit(0))
            #expect(try server.sql("SELECT count(*) FROM moltrelay.audit_log") == "0")
        }

        /// Alive, not ready within five seconds, and ready again by itself.
        @Test func aServerThatFreezesIsAdmittedAndWaitedFor() async throws {
            let server = try await PostgresServer.launch()
            let relay = try await Relay.start(in: RelayFolder(server.settings()))
            let sender = try await PythonAgent.connected("sender", to: relay)
            try await flood(sender, untilAcknowledged: 50)
            server.freeze()
            _ = try await relay.probe("/health/ready", until: 503)
            try await Programs.watch(seconds: 20)
            #expect(try await HTTP.get("http://\(relay.metrics)/health").status == 200)
            server.resume()
            _ = try await relay.probe("/health/ready", until: 200)
            let result = try await sender.tell("flood_stop", ["timeout_s": 60])
            #expect(try await Promised(result.json).missing(at: relay, patience: 5) == [])
        }

        @Test func whatTheServerCannotTakeWaitsInAFile() async throws {
            let server = try await PostgresServer.launch()
            let folder = try RelayFolder()
            try folder.configure(server.settings(["storage.spill.path": .string(folder.path + "/spill.db")]))
            let relay = try await Relay.start(in: folder)
            let alice = try await PythonAgent.connected("alice", to: relay)
            server.kill()
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "count": 20, "settle": true])
            #expect(sent.acked.count == 20 && sent.acked.values.allSatisfy { $0 == "queued" }, "\(sent.acked)")
            try server.start()
            _ = try await relay.probe("/health/ready", until: 200)
            let scrape = try await relay.scrape { $0.sum("moltrelay_spill_messages") == 0 }
            #expect(scrape.sum("moltrelay_spill_moved_messages_total") == 20)
            #expect(try server.sql("SELECT messages FROM moltrelay.totals") == "20")
            let bob = try await PythonAgent.connected("bob", to: relay)
            #expect(try await bob.tell("collect", ["ids": .array(sent.ids.map { .string($0) })]).missing == [])
        }

        /// The primary is gone, the standby promoted, and both are in the configuration.
        @Test func aPromotedStandbyTakesOver() async throws {
            let primary = try await PostgresServer.launch(settings: ["synchronous_standby_names = '*'"])
            let standby = try await PostgresServer.launch(
                settings: ["synchronous_standby_names = ''"],
                address: "127.0.0.2",
                following: primary
            )
            let relay = try await Relay.start(
                in: RelayFolder(primary.settings(["storage.postgres.host": "127.0.0.1,127.0.0.2"]))
            )
            let sender = try await PythonAgent.connected("sender", to: relay)
            try await flood(sender, untilAcknowledged: 200)
            primary.kill()
            _ = try await relay.probe("/health/ready", until: 503)
            try standby.sql("SELECT pg_promote()")
            _ = try await relay.probe("/health/ready", until: 200)
            let result = try await sender.tell("flood_stop", ["timeout_s": 60])
            #expect(try await Promised(result.json).missing(at: relay, patience: 5) == [])
            let other = try await PythonAgent.connected("other", to: relay)
            let after = try await other.tell("send", ["to": "nobody", "delivery": 2, "settle": true])
            #expect(after.acked[after.ids[0]] == "queued")
        }

        /// Trying again would change nothing: the start ends, and says what to do.
        @Test func aServerThatRefusesEndsTheStart() async throws {
            let server = try await PostgresServer.launch(access: [
                "host all \(PostgresServer.user) 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256",
            ])
            try server.sql("CREATE ROLE relay LOGIN PASSWORD 's3cret pass'")
            let folder = try RelayFolder()
            let file = try folder.write("wrong\n", to: "password")
            #expect(chmod(file, 0o600) == 0)
            let settings: [String: JSON] = [
                "storage.postgres.user": "relay", "storage.postgres.password_file": .string(file),
            ]
            try folder.configure(server.settings(settings))
            let said = try await refusal(in: folder)
            #expect(said.contains("the PostgreSQL server refuses: 127.0.0.1:\(server.port): password auth"), "\(said)")
            #expect(said.contains("check storage.postgres.user and storage.postgres.password_file"), "\(said)")
            _ = try folder.write("s3cret pass\n", to: "password")
            #expect(try await refusal(in: folder).contains("docs/postgres.md says what the role has to be allowed"))
            try server.sql("GRANT CREATE ON DATABASE postgres TO relay")
            #expect(chmod(file, 0o644) == 0)
            #expect(try await refusal(in: folder).contains("chmod 600"))
            #expect(chmod(file, 0o600) == 0)
            let relay = try await Relay.start(in: folder)
            #expect(await relay.stop() == .exit(0))
            try server.sql("INSERT INTO moltrelay.schema_version VALUES (99)")
            #expect(try await refusal(in: folder).contains("the tables there are of version 99, made by a newer relay"))
        }

        /// Alive and not ready, until it comes; nothing but the server has to be started.
        @Test func aServerThatIsAwayAtTheStartIsWaitedFor() async throws {
            let server = try await PostgresServer.launch(isStarted: false)
            let relay = try await Relay.start(in: RelayFolder(server.settings()))
            let refused = try await relay.probe("/health/ready", until: 503)
            #expect(
                refused.body.contains("[-]store failed: ") && refused.body.contains("Connection refused"),
                "\(refused)"
            )
            for path in ["/health", "/health/startup"] { _ = try await relay.probe(path, until: 200) }
            try server.start()
            _ = try await relay.probe("/health/ready", until: 200)
            let alice = try await PythonAgent.connected("alice", to: relay)
            let sent = try await alice.tell("send", ["to": "away", "delivery": 2, "settle": true])
            #expect(sent.acked[sent.ids[0]] == "queued")
        }

        /// What a relay whose role may make no tables is started with.
        @Test func theTablesAreMadeByACommand() async throws {
            let server = try await PostgresServer.launch()
            let folder = try RelayFolder(server.settings(["storage.postgres.migrate": false]))
            #expect(try await refusal(in: folder).contains("are not there; `moltrelay migrate` makes version 3"))
            let missing = try await migrate(folder, "--check")
            #expect(missing.ending == .exit(1))
            #expect(missing.text.contains("the tables are not there; this relay works with version 3"), "\(missing)")
            let made = try await migrate(folder)
            #expect(made.ending == .exit(0) && made.text == "the tables were not there, and are of version 3 now")
            let current = try await migrate(folder, "--check")
            #expect(current.ending == .exit(0) && current.text == "the tables are of version 3, and current")
            let relay = try await Relay.start(in: folder)
            #expect(await relay.stop() == .exit(0))
        }

        private func migrate(_ folder: RelayFolder, _ flags: String...) async throws -> Programs.Outcome {
            try await Programs.run(
                Programs.relay,
                ["migrate", "--config", folder.configuration] + flags,
                environment: Relay.environment(folder)
            )
        }

        private func flood(_ sender: PythonAgent, untilAcknowledged count: Int) async throws {
            let fields: [String: JSON] = ["to": ["away", "gone"], "size": 512, "window": 50]
            let until = JSON.number(Double(count))
            try await sender.tell("flood", fields.merging(["until_acked": until, "timeout_s": 60]) { $1 })
        }

        private func refusal(in folder: RelayFolder) async throws -> String {
            let process = try Relay.launch(in: folder)
            let ending = await process.end()
            _ = await process.line { _ in false }
            let output = process.output.lines.joined(separator: "\n").replacing("\\/", with: "/")
            guard case .exit(let code) = ending, code != 0 else {
                Issue.record("it ended with \(ending): \(output)")
                return ""
            }
            return output
        }
    }
}

extension PostgresServer {
    /// What makes a relay queue there.
    func settings(_ more: [String: JSON] = [:]) -> [String: JSON] {
        let own: [String: JSON] = [
            "queue.storage": "postgres", "storage.postgres.host": "127.0.0.1",
            "storage.postgres.port": .number(Double(port)), "storage.postgres.database": "postgres",
            "storage.postgres.user": .string(Self.user), "storage.postgres.ssl_mode": "disable",
        ]
        return own.merging(more) { $1 }
    }
}
