import Testing

extension EndToEnd {
    @Suite struct LoggingTests {
        @Test func everyLineIsOneJSONObject() async throws {
            let relay = try await Relay.start(["logging.level": "debug"])
            let alice = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true])
            try await alice.tell("close")
            #expect(await relay.stop() == .exit(0))
            _ = await relay.process.line { _ in false }
            let lines = relay.process.output.lines
            #expect(relay.log.count == lines.count, "\(lines.filter { Relay.entry($0) == nil })")
            // 2025-01-31T12:00:00.000+00:00, as the guide's fluentd reads it.
            let time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:?\d\d/
            for entry in relay.log {
                #expect(entry["timestamp"].string?.wholeMatch(of: time) != nil, "\(entry)")
                #expect(entry["level"].string != nil && entry["message"].string != nil, "\(entry)")
            }
        }

        @Test func nobodyIsNamedInTheClear() async throws {
            let relay = try await Relay.start(["logging.level": "debug"])
            let alice = try await PythonAgent.connected("alice-in-the-clear", to: relay)
            try await alice.tell("send", ["to": "bob", "body": "payload-in-the-clear", "delivery": 2, "settle": true])
            let thief = try PythonAgent("alice-in-the-clear")
            _ = try await thief.ask("connect", thief.credentials(for: relay, ["signing_key": "mallory"]))
            #expect(await relay.stop() == .exit(0))
            _ = await relay.process.line { _ in false }
            #expect(relay.process.output.lines.filter { $0.contains("in-the-clear") } == [])
        }

        @Test func aFullDiskCostsLinesAndNothingElse() async throws {
            let folder = try RelayFolder(["logging.output": "/dev/full", "logging.level": "debug"])
            let relay = try await Relay.startUnheard(in: folder)
            let alice = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("flood", ["to": ["bob"], "until_acked": 500])
            let settled = try await alice.tell("flood_stop").json
            #expect(settled["unsettled"].array.isEmpty)
            let scrape = try await relay.scrape { ($0.sum("moltrelay_log_write_errors_total") ?? 0) > 0 }
            #expect((scrape.sum("moltrelay_log_write_errors_total") ?? 0) > 0)
            _ = try await relay.check("log", until: "warn")
            #expect(scrape.sum("moltrelay_log_records_total") == 0)
            #expect(await relay.stop() == .exit(0))
        }
    }
}
