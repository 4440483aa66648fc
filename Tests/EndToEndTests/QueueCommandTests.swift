import Foundation
import Testing

extension EndToEnd {
    @Suite struct QueueCommandTests {
        private func exported(_ relay: Relay) -> String { relay.folder.path + "/queue.jsonl" }

        @Test func aQueueIsTakenOutEmptiedAndPutBackAndTheBooksHold() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "count": 1_500, "settle": true])
            try await alice.tell("send", ["to": "carol", "delivery": 3, "count": 2, "settle": true])
            let status = try await JSON(parsing: relay.command("queue", "status", "--json").text)
            #expect(status["messages"] == 1_502 && status["agents"] == 2, "\(status)")
            #expect(status["queues"].array.map { $0["messages"] } == [1_500, 2])

            let export = try await relay.command("queue", "export", "--output", exported(relay))
            #expect(export.text == "1502 messages in \(exported(relay))")
            #expect(try await relay.command("queue", "purge", "bob", "--yes").text == "1500 messages dropped")
            let purged = try await relay.logged("queue purged by hand")
            #expect(purged["event"] == "queue_purged" && purged["count"] == "1500", "\(purged)")

            let check = try await relay.command("queue", "import", exported(relay), "--check")
            #expect(check.text == "1502 messages can be imported")
            #expect(try await JSON(parsing: relay.command("queue", "--json").text)["messages"] == 2)
            let back = try await relay.command("queue", "import", exported(relay))
            #expect(back.ending == .exit(0) && back.text == "1502 messages imported")
            #expect(try await JSON(parsing: relay.command("queue", "--json").text)["messages"] == 1_502)

            let bob = try await PythonAgent.connected("bob", to: relay)
            try await bob.tell("collect", ["ids": .array(sent.ids.map { .string($0) })])
            let ledger = try Ledger(try await relay.scrape { try Ledger($0).isBalanced && Ledger($0).queued == 2 })
            #expect(ledger.isBalanced && ledger.delivered == 1_500, "\(ledger)")
            #expect(await relay.stop() == .exit(0))
        }

        @Test func rowsThatWereTamperedWithAreRefusedByLine() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("send", ["to": "bob", "delivery": 2, "count": 4, "settle": true])
            _ = try await relay.command("queue", "export", "--output", exported(relay))
            var lines = try String(contentsOfFile: exported(relay), encoding: .utf8).split(separator: "\n").map(
                String.init
            )
            lines[1] = lines[1].replacing(#""expires_at_ms":1"#, with: #""expires_at_ms":2"#)
            lines[2] = #"{"recipient":"../../etc/passwd","path":"/etc/passwd"}"#
            lines[3] = lines[3].replacing("sha256:", with: "../sha256:")
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: exported(relay)))
            _ = try await relay.command("queue", "purge", "bob", "--yes")
            let outcome = try await relay.command("queue", "import", exported(relay))
            #expect(outcome.ending == .exit(1))
            for word in ["line 2: crc32", "line 3: not a row", "line 4: recipient", "1 message imported, 3 refused"] {
                #expect(outcome.text.contains(word), "\(outcome.text)")
            }
            #expect(try await JSON(parsing: relay.command("queue", "--json").text)["messages"] == 1)
            #expect(await relay.stop() == .exit(0))
        }
    }
}
