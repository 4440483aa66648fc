import Foundation
import Testing

extension EndToEnd {
    /// What the flight recorder knows of messages that a real relay carried.
    @Suite struct ExplainTests {
        private struct Answer {
            let ending: ChildProcess.Ending
            let json: JSON
            var message: JSON { json["messages"][0] }
            var stages: [String] { message["steps"].array.compactMap { $0["stage"].string } }
        }

        private func explain(_ id: String, on relay: Relay) async throws -> Answer {
            let outcome = try await relay.command("explain", "--json", id)
            return Answer(ending: outcome.ending, json: try JSON(parsing: outcome.text))
        }

        private func seconds(_ message: JSON) -> Double? {
            guard case .number(let value) = message["seconds"] else { return nil }
            return value
        }

        /// Asks until the message has come so far.
        private func explain(_ id: String, on relay: Relay, until fate: String) async throws -> Answer {
            var answer = try await explain(id, on: relay)
            for _ in 0..<Relay.patience where answer.message["fate"].string != fate {
                answer = try await explain(id, on: relay)
            }
            try #require(answer.message["fate"].string == fate, "\(answer.json)")
            return answer
        }

        @Test func bestEffortThatArrived() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 1])
            try await bob.tell("expect")
            let answer = try await explain(sent.ids[0], on: relay, until: "delivered")
            #expect(answer.ending == .exit(0))
            #expect(answer.stages == ["received", "routed", "enqueued", "written"])
            #expect(answer.message["mode"] == "best_effort")
            #expect(answer.message["sender"] == "sha256:2bd806c97f0e00af")
            #expect(answer.message["recipient"] == "sha256:81b637d8fcd2c6da")
            #expect(answer.message["traced"] == false)
            #expect(answer.message["trace_id"].string == sent.ids[0].filter { $0 != "-" })
            let text = try await relay.command("explain", sent.ids[0])
            #expect(text.text.contains("fate      delivered after "))
        }

        @Test func atLeastOnceStepByStep() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true])
            let waiting = try await explain(sent.ids[0], on: relay)
            #expect(waiting.message["fate"] == "under_way")
            #expect(waiting.message["waits_for"] == "recipient")
            #expect(waiting.stages == ["received", "routed", "stored"])
            #expect(waiting.json["queue"]["messages"].int == 1)

            let bob = try await PythonAgent.connected("bob", to: relay)
            try await bob.tell("expect")
            let written = try await explain(sent.ids[0], on: relay)
            #expect(written.message["waits_for"] == "acknowledgement")
            #expect(written.message["queued"] == true)
            try await bob.tell("ack", ["ids": [.string(sent.ids[0])]])
            let answer = try await explain(sent.ids[0], on: relay, until: "delivered")
            #expect(answer.stages == ["received", "routed", "stored", "loaded", "enqueued", "written", "acknowledged"])
            #expect(answer.message["attempts"].int == 1)
        }

        /// This process knows the half that it saw, and since when it sees.
        @Test func overARestart() async throws {
            let folder = try RelayFolder()
            let relay = try await Relay.start(in: folder)
            let alice = try await PythonAgent.connected("alice", to: relay)
            let sent = try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true])
            #expect(await relay.stop() == .exit(0))

            let again = try await Relay.start(in: folder)
            let before = try await explain(sent.ids[0], on: again)
            #expect(before.ending == .exit(1))
            #expect(before.json["messages"] == [])
            #expect(before.json["queue"]["messages"].int == 1)
            let oldest = try #require(before.json["queue"]["oldest_accepted_at"].string)
            let since = try #require(before.json["recorder"]["since"].string)
            #expect(oldest < since)

            let bob = try await PythonAgent.connected("bob", to: again)
            try await bob.tell("expect", ["ack": true])
            let after = try await explain(sent.ids[0], on: again, until: "delivered")
            #expect(after.stages == ["received", "loaded", "enqueued", "written", "acknowledged"])
            #expect(after.message["queued"] == true)
            #expect(after.message["bytes"] == .null)
            let received = try #require(after.message["steps"][0]["at"].string)
            #expect(received < since)
        }

        @Test func whatExpiredWasDroppedOrRefused() async throws {
            let relay = try await Relay.start(["messages.max_size_bytes": 4096])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let late = try await alice.tell("send", ["to": "bob", "delivery": 2, "ttl": 1, "settle": true])
            let lost = try await alice.tell("send", ["to": "nobody", "delivery": 1])
            let large = try await alice.tell("send", ["to": "bob", "delivery": 2, "size": 4097, "settle": true])

            let expired = try await explain(late.ids[0], on: relay, until: "expired")
            #expect(expired.stages.last == "expired")
            let dropped = try await explain(lost.ids[0], on: relay, until: "dropped")
            #expect(dropped.message["reason"] == "recipient_offline")
            let refused = try await explain(large.ids[0], on: relay, until: "refused")
            #expect(refused.message["reason"] == "TOO_LARGE")
            #expect(refused.message["sender"] == .null)
        }

        @Test func theTraceOfItsSender() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay, ["extensions": ["trace-context"]])
            let context = "00" + "4bf92f3577b34da6a3ce929d0e0e4736" + "00f067aa0ba902b7" + "01"
            let sent = try await alice.tell("send", ["to": "nobody", "delivery": 1, "trace": .string(context)])
            let answer = try await explain(sent.ids[0], on: relay, until: "dropped")
            #expect(answer.message["traced"] == true)
            #expect(answer.message["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736")
        }

        @Test func whatNeverCame() async throws {
            let relay = try await Relay.start()
            let answer = try await explain("018f6d3a-7c1e-7000-8000-0123456789ab", on: relay)
            #expect(answer.ending == .exit(1))
            #expect(answer.json["messages"] == [])
            let text = try await relay.command("explain", "018f6d3a-7c1e-7000-8000-0123456789ab")
            #expect(text.ending == .exit(1))
            #expect(text.text.contains("nothing is known of 018f6d3a-7c1e-7000-8000-0123456789ab"))
            #expect(text.text.contains("The queue is empty."))
        }

        /// 64 records for each of any number of loops up to 64: the last messages are known, the first no more.
        @Test func aSmallRecorderForgetsTheOldest() async throws {
            let relay = try await Relay.start(["tracing.recorder_bytes": 4096])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let sent = try await alice.tell("send", ["to": "nobody", "delivery": 1, "count": 300])
            try await alice.tell("ping")
            let last = try await explain(sent.ids[299], on: relay, until: "dropped")
            #expect(last.ending == .exit(0))
            let first = try await explain(sent.ids[0], on: relay)
            #expect(first.ending == .exit(1))
            let status = try await JSON(parsing: relay.command("status", "--json").text)
            let started = try #require(status["started_at"].string)
            let since = try #require(first.json["recorder"]["since"].string)
            #expect(since > started)
            let records = try #require(first.json["recorder"]["records"].int)
            #expect(records > 0 && records <= 64)
            let scrape = try await relay.scrape()
            #expect(scrape.sum("moltrelay_flight_recorder_records") == Double(records))
        }

        @Test func noRecorderSaysSo() async throws {
            let relay = try await Relay.start(["tracing.recorder_bytes": 0])
            let text = try await relay.command("explain", "018f6d3a-7c1e-7000-8000-0123456789ab")
            #expect(text.ending == .exit(69))
            #expect(text.text.contains("tracing.recorder_bytes is 0"))
        }

        @Test func theSlowestAndTheLongestQueued() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let waited = try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true])
            let bob = try await PythonAgent.connected("bob", to: relay)
            try await bob.tell("expect", ["ack": true])
            let passed = try await alice.tell("send", ["to": "bob", "delivery": 2, "count": 3])
            try await bob.tell("expect", ["count": 3, "ack": true])
            for id in waited.ids + passed.ids { _ = try await explain(id, on: relay, until: "delivered") }

            let slow = try await JSON(parsing: relay.command("slow", "--json").text)["messages"].array
            #expect(Set(slow.compactMap { $0["id"].string }) == Set(passed.ids))
            let times = slow.compactMap { seconds($0) }
            #expect(times.count == 3 && times == times.sorted(by: >))
            #expect(slow.allSatisfy { $0["fate"] == "delivered" })
            let queued = try await JSON(parsing: relay.command("slow", "--json", "--queued").text)["messages"]
            #expect(queued.array.map { $0["id"].string } == waited.ids)
            #expect(queued[0]["slowest_stage"] == "queue")
            let table = try await relay.command("slow", "--limit", "1")
            #expect(table.ending == .exit(0))
            #expect(table.lines.first?.hasPrefix("message") == true)
            #expect(table.lines.dropFirst().first?.hasPrefix(slow[0]["id"].string ?? "?") == true)
        }

        /// Searches while a flood runs: each finds what it asks for, and probes go on.
        @Test func underLoad() async throws {
            let relay = try await Relay.start(["tracing.recorder_bytes": 16_777_216])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            let carol = try await PythonAgent.connected("carol", to: relay)
            try await carol.tell("flood", ["to": ["nobody"], "delivery": 2, "until_acked": 100])
            for _ in 0..<20 {
                // Each time another: on a slow machine the flood may overrun the recorder before the last search.
                let sent = try await alice.tell("send", ["to": "bob", "delivery": 2])
                try await bob.tell("expect", ["ack": true])
                let answer = try await explain(sent.ids[0], on: relay)
                #expect(answer.ending == .exit(0), "\(answer.json)")
                _ = try await relay.probe("/health/ready", until: 200)
            }
            try await carol.tell("flood_stop")
        }
    }
}
