import FoundationEssentials
import Glibc
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

        /// Linux tells of a failed sync once and calls the pages clean: whoever syncs again is told that all is well.
        /// The log is synced again only after it was opened anew.
        @Test func aSyncThatFailedOnceIsNotTriedAgain() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let trace = relay.folder.path + "/trace"
            let options = ["-f", "-y", "-o", trace, "-e", "trace=fdatasync,openat"]
            let failure = ["-e", "inject=fdatasync:error=EIO:when=1"]
            let tracer = try await Tracer(["-p", "\(relay.process.pid)"] + options + failure)
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true])
            #expect(sent.nacked[sent.ids[0]] == "STORAGE_UNAVAILABLE")
            let scrape = try await relay.scrape { $0.sum("moltrelay_store_reopened_total") == 1 }
            #expect(scrape.sum("moltrelay_store_reopened_total") == 1)
            let again = try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true])
            #expect(again.acked[again.ids[0]] == "queued")
            await tracer.letGo()

            let calls = try Self.calls(in: trace)
            let failed = try #require(calls.firstIndex { $0.contains("EIO") })
            let opened = try #require(
                calls[failed...].firstIndex { $0.contains("openat") && $0.contains("relay.db-wal\"") }
            )
            #expect(calls[(failed + 1)..<opened].allSatisfy { !$0.contains("fdatasync") })
        }

        /// In the order of the system calls: the message into the log, the log to the disk, the ACK to the sender.
        @Test func theLogIsOnDiskBeforeTheACK() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let trace = relay.folder.path + "/trace"
            let names = "trace=fdatasync,fsync,pwrite64,write,writev,sendto,sendmsg"
            let tracer = try await Tracer([
                "-p", "\(relay.process.pid)", "-f", "-y", "-s", "64", "-o", trace, "-e", names,
            ])
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true])
            #expect(sent.acked[sent.ids[0]] == "queued")
            await tracer.letGo()

            let calls = try Self.calls(in: trace)
            // An ACK frame (docs/protocol.md section 2) as strace prints bytes, towards a socket.
            let ack = try #require(calls.firstIndex { $0.contains("socket:") && $0.contains(#"MR\1\21"#) })
            let synced = try #require(calls[..<ack].lastIndex { $0.contains("sync(") && $0.contains("relay.db-wal>") })
            let write = try #require(calls[..<synced].lastIndex { $0.contains("pwrite64(") })
            #expect(calls[write].contains("relay.db-wal>"))
            #expect(calls[synced].hasSuffix("= 0") || calls[synced].contains("unfinished"))
            #expect(calls[synced..<ack].allSatisfy { !$0.contains("pwrite64(") })
        }

        /// In the files a killed relay leaves: what has not come is counted, or the start is refused.
        @Test(arguments: [("relay.db", [20, 5000, 40_000]), ("relay.db-wal", [5, 40, 9000, 200_000])])
        func aFlippedByteIsRefusedOrCounted(name: String, offsets: [Int]) async throws {
            let folder = try RelayFolder()
            var relay = try await Relay.start(in: folder)
            let alice = try await PythonAgent.connected("alice", to: relay)
            var bodies: [String: JSON] = [:]
            for number in 1...20 {
                let body = JSON.string("message \(number) " + String(repeating: "x", count: 200))
                let sent = try await alice.tell("send", ["to": "bob", "body": body, "delivery": 2, "settle": true])
                bodies[sent.ids[0]] = body
            }
            // The database holds the messages once the relay has left in peace; the log, once it was killed.
            let isLeftInPeace = name == "relay.db"
            let ending = await relay.stop(with: isLeftInPeace ? SIGTERM : SIGKILL)
            #expect(ending == (isLeftInPeace ? .exit(0) : .signal(SIGKILL)))
            let file = URL(filePath: folder.path + "/" + name)
            let (sound, database) = (try Data(contentsOf: file), try Data(contentsOf: URL(filePath: folder.database)))
            for offset in offsets {
                // What the turn before left in a log would be put over the flipped byte.
                for rest in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: folder.database + rest) }
                try database.write(to: URL(filePath: folder.database))
                var bytes = sound
                bytes[offset % sound.count] ^= 0x10
                try bytes.write(to: file)
                do { relay = try await Relay.start(in: folder) } catch let refusal as Relay.NotStarted {
                    #expect(refusal.description.contains("damaged"), "\(refusal)")
                    continue
                }
                let keptAside = relay.log.first { $0["message"] == "damaged messages are kept aside" }
                let missing = keptAside?["count"].string.flatMap { Int($0) } ?? 0
                let scrape = try await relay.scrape()
                #expect(scrape.sum("moltrelay_store_corrupt_rows_total") == Double(missing))
                #expect(scrape.sum("moltrelay_messages_recovered_total") == Double(bodies.count))
                let bob = try await PythonAgent.connected("bob", to: relay)
                let came = try await bob.tell("expect", ["count": .number(Double(bodies.count - missing))]).frames
                #expect(came.allSatisfy { $0["body"] == bodies[$0["id"].string ?? ""] }, "\(name), \(offset)")
                #expect(await relay.stop(with: SIGKILL) == .signal(SIGKILL))
            }
        }

        private static func calls(in trace: String) throws -> [String] {
            let text = String(decoding: try Data(contentsOf: URL(filePath: trace)), as: UTF8.self)
            return text.split(separator: "\n").map(String.init)
        }
    }
}
