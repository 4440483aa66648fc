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
