import FoundationEssentials
import Testing

extension EndToEnd {
    @Suite struct StoreTests {
        /// Never a silent new one: the file stays as it is for whoever repairs it.
        @Test func aCorruptDatabaseIsRefusedByName() async throws {
            let folder = try RelayFolder()
            let garbage = Data(repeating: 0xA5, count: 40_960)
            try garbage.write(to: URL(filePath: folder.database))
            try await expectRefusal(in: folder)
            #expect(try Data(contentsOf: URL(filePath: folder.database)) == garbage)
        }

        @Test func aNewerDatabaseIsRefusedByName() async throws {
            let folder = try RelayFolder()
            #expect(try await Relay.start(in: folder).stop() == .exit(0))
            let newer = try await Programs.run("sqlite3", [folder.database, "PRAGMA user_version = 9999"])
            #expect(newer.ending == .exit(0))
            try await expectRefusal(in: folder)
        }

        private func expectRefusal(in folder: RelayFolder) async throws {
            let process = try Relay.launch(in: folder)
            guard case .exit(let code) = await process.end() else {
                Issue.record("it crashed")
                return
            }
            _ = await process.line { _ in false }
            #expect(code != 0)
            let output = process.output.lines.joined(separator: "\n")
            // The JSON of a log line may escape the slashes.
            #expect(output.replacing("\\/", with: "/").contains(folder.database), "\(output)")
        }

        /// EIO from the disk: no promise is made, readiness says no, and both come back with the disk.
        @Test func aFailingDiskIsAdmitted() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let failure = ["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"]
            let tracer = try await Tracer(["-f", "-p", "\(relay.process.pid)"] + failure)

            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true])
            #expect(sent.nacked[sent.ids[0]] == "STORAGE_UNAVAILABLE")
            _ = try await relay.probe("/health/ready", until: 503)
            #expect(try await HTTP.get("http://\(relay.metrics)/health").status == 200)

            await tracer.letGo()
            _ = try await relay.probe("/health/ready", until: 200)
            let again = try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true])
            #expect(again.acked[again.ids[0]] == "queued")
        }
    }
}
