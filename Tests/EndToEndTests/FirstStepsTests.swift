import Testing

extension EndToEnd {
    @Suite struct FirstStepsTests {
        /// What the relay prints for a newcomer is pasted as it is.
        @Test func whatIsPrintedCanBePasted() async throws {
            let folder = try RelayFolder(["logging.format": "text"])
            let process = try Relay.launch(in: folder)
            defer { process.send(9) }
            let started = await process.line { $0.contains("relay started") }
            #expect(started?.contains("websocket=127.0.0.1:") == true, "\(process.output.lines)")
            _ = await process.line { $0.hasPrefix("  curl ") }
            let steps = process.output.lines.filter { $0.hasPrefix("  ") }
            try #require(steps.count == 4, "\(process.output.lines)")

            // A listener ends by itself after one message here; a newcomer's goes on.
            let script = "\(steps[0]) --count 1 & \(steps[1]); wait; \(steps[2]); \(steps[3])"
            let pasted = try await Programs.shell(script, environment: ["HOME": folder.path])
            #expect(pasted.ending == .exit(0), "\(pasted.text)")
            #expect(pasted.lines.contains("hello"), "\(pasted.text)")
            #expect(pasted.lines.contains("moltrelay_messages_total 1"))
        }

        @Test func machinesAreToldNothingButTheLog() async throws {
            let relay = try await Relay.start()
            #expect(await relay.stop() == .exit(0))
            _ = await relay.process.line { _ in false }
            #expect(relay.process.output.lines.filter { Relay.entry($0) == nil } == [])
        }
    }
}
