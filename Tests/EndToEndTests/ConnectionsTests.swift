import Testing

extension EndToEnd {
    @Suite struct ConnectionsTests {
        @Test func whoIsConnectedIsListedAndClosedByHand() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            try await alice.tell("send", ["to": "bob", "delivery": 1, "count": 3])
            try await bob.tell("ping")
            let list = try await JSON(
                parsing: relay.command("connections", "list", "--json", "--sort", "messages_in").text
            )
            #expect(list["matching"] == 2)
            #expect(list["connections"][0]["messages_in"].int ?? 0 > 0, "\(list)")
            #expect(list["connections"].array.allSatisfy { $0["address"].string?.hasPrefix("127.0.0.1:") == true })
            let one = try await JSON(parsing: relay.command("connections", "list", "--json", "--agent", "bob").text)
            let session = try #require(one["connections"][0]["session"].string)

            let closed = try await relay.command("connections", "close", session, "--reconnect-delay", "7s")
            #expect(closed.ending == .exit(0) && closed.text == "1 connection closed")
            let goAway = try await bob.tell("expect", ["type": "GOAWAY"]).frames[0]["document"]
            #expect(goAway["reconnect_after_ms"] == 7_000)
            #expect(try await bob.tell("end").close == 4006)
            let told = try await relay.logged("connections closed by hand")
            #expect(told["event"] == "connections_closed" && told["session_id"].string == session, "\(told)")
            #expect(try await relay.command("connections", "close", session).ending == .exit(1))
            try await alice.tell("ping")
            for address in [relay.http, relay.metrics] {
                #expect(try await HTTP.get("http://\(address)/v1/connections").status == 404)
            }
            #expect(await relay.stop() == .exit(0))
        }

        /// In a pipe one list follows another, each with who came meanwhile.
        @Test func whoeverWatchesSeesTheNext() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let watching = try ChildProcess(
                "/usr/bin/env",
                [Programs.relay, "connections", "list", "--json", "--watch", "--every", "1s"],
                environment: Relay.environment(relay.folder),
                mergingErrors: true
            )
            #expect(await watching.line { $0.contains("\"matching\":1") } != nil)
            let bob = try await PythonAgent.connected("bob", to: relay)
            let both = await watching.line { $0.contains("\"matching\":2") }
            #expect(both?.contains("\u{1B}") == false)
            #expect(await relay.stop() == .exit(0))
            #expect(await watching.end() == .exit(69))
            withExtendedLifetime((alice, bob)) {}
        }
    }
}
