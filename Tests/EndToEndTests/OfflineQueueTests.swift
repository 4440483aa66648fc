import Testing

extension EndToEnd {
    @Suite struct OfflineQueueTests {
        @Test func whatWasMissedComesByPriorityThenAge() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            var ids: [Int: [String]] = [:]
            for priority in [255, 128, 0, 128] {
                let sent = try await alice.tell(
                    "send",
                    ["to": "bob", "delivery": 2, "priority": .number(Double(priority)), "count": 2, "settle": true]
                )
                #expect(sent.acked.values.allSatisfy { $0 == "queued" }, "\(sent.json)")
                ids[priority, default: []] += sent.ids
            }
            let bob = try PythonAgent("bob")
            let accepted = try await bob.connect(to: relay)
            #expect(accepted.json["auth_ok"]["config"]["queue_status"]["pending_messages"].int == 8)
            let got = try await bob.tell("expect", ["count": 8, "ack": true])
            // Below critical the lanes share the connection by weight (protocol section 6): a bulk message may go
            // before the last normal one, but never before an older one of its own priority.
            #expect(got.frames.prefix(2).compactMap { $0["id"].string } == ids[0])
            for (priority, expected) in ids {
                let came = got.frames.filter { $0["priority"].int == priority }.compactMap { $0["id"].string }
                #expect(came == expected, "priority \(priority)")
            }
        }

        @Test func removedOnAcknowledgementOnly() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true, "count": 2])
            let first = try await PythonAgent.connected("bob", to: relay)
            try await first.tell("expect", ["count": 2])
            try await first.tell("ack", ["ids": [.string(sent.ids[0])]])
            try await first.tell("ping")
            try await first.tell("drop")

            let second = try await PythonAgent.connected("bob", to: relay)
            let again = try await second.tell("expect", ["ack": true])
            #expect(again.frames[0]["id"].string == sent.ids[1])
            try await second.tell("ping")
            let scrape = try await relay.scrape { $0.sum("moltrelay_queue_depth") == 0 }
            #expect(scrape.sum("moltrelay_queue_depth") == 0)
        }

        @Test func survivesARestart() async throws {
            let folder = try RelayFolder()
            let relay = try await Relay.start(in: folder)
            let alice = try await PythonAgent.connected("alice", to: relay)
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true, "count": 50])
            #expect(await relay.stop() == .exit(0))
            let again = try await Relay.start(in: folder)
            let bob = try await PythonAgent.connected("bob", to: again)
            let got = try await bob.tell("collect", ["ids": .array(sent.ids.map { .string($0) })])
            #expect(got.missing == [])
        }

        @Test func expiresByItsTTL() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("send", ["to": "bob", "delivery": 2, "ttl": 1, "settle": true])
            let scrape = try await relay.scrape { try Ledger($0).expired == 1 }
            #expect(try Ledger(scrape).expired == 1)
            let bob = try PythonAgent("bob")
            let accepted = try await bob.connect(to: relay)
            #expect(accepted.json["auth_ok"]["config"]["queue_status"]["pending_messages"].int == 0)
        }

        @Test func withoutAQueueTheSenderIsTold() async throws {
            let relay = try await Relay.start(["queue.enabled": false])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true])
            #expect(sent.nacked[sent.ids[0]] == "RECIPIENT_OFFLINE")
        }

        @Test func isBoundedPerAgent() async throws {
            let relay = try await Relay.start(["queue.max_messages_per_agent": 5])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true, "count": 7])
            #expect(sent.acked.count == 5)
            #expect(sent.nacked.values.map(\.string) == ["QUEUE_FULL", "QUEUE_FULL"])
        }

        @Test func oneSenderHoldsItsShareOnly() async throws {
            let relay = try await Relay.start([
                "queue.max_messages_per_agent": 20, "queue.max_share_per_sender": .number(0.1),
            ])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let carol = try await PythonAgent.connected("carol", to: relay)
            let full = try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true, "count": 3])
            #expect(full.nacked.values.map(\.string) == ["QUEUE_FULL"])
            let other = try await carol.tell("send", ["to": "bob", "delivery": 2, "settle": true])
            #expect(other.acked.count == 1)
        }
    }
}
