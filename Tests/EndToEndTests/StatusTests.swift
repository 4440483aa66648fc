import Testing

extension EndToEnd {
    @Suite struct StatusTests {
        @Test func tellsOfTheRunningRelay() async throws {
            let relay = try await Relay.start()
            let text = try await relay.command("status")
            #expect(text.ending == .exit(0))
            #expect(!text.text.isEmpty)
            let json = try await JSON(parsing: relay.command("status", "--json").text)
            #expect(json["relay_id"] == "relay-under-test")
            #expect(json["process_id"].int == Int(relay.process.pid))
            let listeners = json["listeners"].array.map { $0["address"].string }
            for address in [relay.websocket, relay.http, relay.metrics] { #expect(listeners.contains(address)) }
        }

        @Test func failsWhereNoRelayRuns() async throws {
            let folder = try RelayFolder()
            let status = try await Programs.run(
                Programs.relay,
                ["status"],
                environment: Relay.environment(folder)
            )
            #expect(status.ending != .exit(0))
            #expect(!status.text.isEmpty)
        }
    }
}
