import Testing

extension EndToEnd {
    @Suite struct TopTests {
        @Test func whatTopShowsIsWhatTheMetricsCount() async throws {
            let relay = try await Relay.start()
            let sender = try await PythonAgent.connected("sender", to: relay)
            let sent = try await relay.command(
                "send",
                "--relay",
                relay.url,
                "--agent-id",
                "other",
                "--to",
                "absent",
                "x"
            )
            #expect(sent.ending == .exit(0), "\(sent.text)")
            var overview = JSON.null
            for _ in 0..<Relay.patience {
                overview = try await JSON(parsing: relay.command("top", "--json").text)
                if overview["history"]["queued"].array.last == 1 { break }
            }
            #expect(overview["status"]["messages"]["accepted"] == 1)
            #expect(overview["history"]["queued"].array.last == 1, "\(overview["history"])")
            #expect(overview["history"]["last"] == .number(Double(overview["history"]["queued"].array.count)))
            let shown = try await relay.command("top", "--once")
            #expect(shown.ending == .exit(0))
            #expect(shown.text.contains("connections        1, 1 authenticated; 0 closed as slow consumers"))
            #expect(shown.text.contains("queue              1 messages, "))
            #expect(!shown.text.contains("\u{1B}"))
            try await sender.tell("close")
            #expect(await relay.stop() == .exit(0))
        }
    }
}
