import Testing

extension EndToEnd {
    /// What ends a connection, and how the other side learns why.
    @Suite struct ViolationTests {
        private static let ping = #"{"timestamp":1,"sequence":1}"#

        @Test func gapInTheSequence() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("frame", ["type": "PING", "payload": .string(Self.ping), "sequence": 9])
            let error = try await alice.tell("expect", ["type": "ERROR"]).frames[0]["document"]
            #expect(error["code"].int == 1)
            #expect(error["fatal"] == true)
            #expect(try await alice.tell("end").close == 1002)
        }

        @Test func damagedChecksum() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("bytes", ["hex": "4d52 01 20 00 00000002 00000000 00000003 7b7d 00000000"])
            #expect(try await alice.tell("end").close == 1002)
        }

        /// On the way that no document takes: the checksum is looked at on the copy into the recipient's buffer.
        @Test func damagedMessage() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            // sha256 of "alice" and of "bob".
            let sender = "2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90"
            let recipient = "81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9"
            let routing = sender + recipient + String(repeating: "11", count: 24) + "0000 80 01 00000000"
            let frame = "4d52 01 10 00 00000062 00000000 00000003" + routing + "7b7d 00000000"
            try await alice.tell("bytes", ["hex": .string(frame)])
            #expect(try await alice.tell("end").close == 1002)
            #expect(try await relay.scrape().sum("moltrelay_messages_total") == 0)
            try await bob.tell("close")
        }

        @Test func textMessage() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("bytes", ["text": "hello"])
            #expect(try await alice.tell("end").close == 1003)
        }

        @Test func anythingBeforeHello() async throws {
            let relay = try await Relay.start()
            let alice = try PythonAgent("alice")
            try await alice.tell("open", ["url": .string(relay.url)])
            try await alice.tell("frame", ["type": "PING", "payload": .string(Self.ping)])
            let error = try await alice.tell("expect", ["type": "ERROR"]).frames[0]["document"]
            #expect(error["code"].int == 0x0B)
            #expect(try await alice.tell("end").close == 1002)
        }

        @Test func silenceInsteadOfAHandshake() async throws {
            let relay = try await Relay.start(["limits.handshake_timeout_ms": 200])
            let alice = try PythonAgent("alice")
            try await alice.tell("open", ["url": .string(relay.url)])
            #expect(try await alice.tell("end").close == 4002)
        }

        @Test func anIdleConnection() async throws {
            let relay = try await Relay.start([
                "limits.idle_timeout_ms": 1500, "server.keepalive.interval_ms": 1000,
            ])
            let alice = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("ignore_pings")
            #expect(try await alice.tell("end").close == 4004)
        }

        @Test func threePingsUnanswered() async throws {
            let relay = try await Relay.start([
                "server.keepalive.interval_ms": 1000, "server.keepalive.timeout_ms": 100,
            ])
            let alice = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("ignore_pings")
            #expect(try await alice.tell("end").close == 4003)
            #expect(try await alice.tell("expect", ["type": "PING", "count": 3]).frames.count == 3)
        }
    }
}
