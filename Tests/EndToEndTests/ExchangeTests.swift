import Testing

extension EndToEnd {
    @Suite struct ExchangeTests {
        @Test(arguments: [1, 2])
        func twoAgentsExchange(delivery: Int) async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            for (sender, recipient, body) in [(alice, bob, "hello"), (bob, alice, "hello yourself")] {
                let sent = try await sender.tell(
                    "send",
                    ["to": .string(recipient.name), "body": .string(body), "delivery": .number(Double(delivery))]
                )
                let got = try await recipient.tell("expect", ["type": "MESSAGE", "ack": .bool(delivery == 2)])
                #expect(got.frames[0]["id"].string == sent.ids[0])
                #expect(got.frames[0]["body"].string == body)
                #expect(got.frames[0]["delivery"].int == delivery)
                guard delivery == 2 else { continue }
                let ack = try await sender.tell("expect", ["type": "ACK"])
                #expect(ack.frames[0]["ids"].strings == sent.ids)
            }
        }

        @Test func plainHandshakeWithoutAnyExtension() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay, ["extensions": []])
            let bob = try await PythonAgent.connected("bob", to: relay, ["extensions": []])
            let sent = try await alice.tell("send", ["to": "bob", "count": 20, "ack": true])
            let got = try await bob.tell("expect", ["count": 20, "ack": true])
            #expect(got.frames.map { $0["id"].string } == sent.ids)
        }

        @Test func orderHoldsWithinOnePriority() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            let sent = try await alice.tell("send", ["to": "bob", "count": 500, "delivery": 1])
            let got = try await bob.tell("expect", ["count": 500])
            #expect(got.frames.map { $0["id"].string } == sent.ids)
        }

        @Test func bestEffortToNobodyIsDroppedAndCounted() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("send", ["to": "nobody", "delivery": 1, "count": 3])
            try await alice.tell("ping")
            let dropped = ["reason": "recipient_offline"]
            let scrape = try await relay.scrape { $0.sum("moltrelay_messages_dropped_total", dropped) == 3 }
            #expect(scrape.sum("moltrelay_messages_dropped_total", dropped) == 3)
        }

        @Test func somebodyElsesNameIsRefused() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let sent = try await alice.tell("send", ["to": "bob", "sender": "carol", "delivery": 2, "settle": true])
            #expect(sent.nacked[sent.ids[0]] == "SENDER_MISMATCH")
        }

        @Test func tooLargeIsRefusedAndTheConnectionGoesOn() async throws {
            let relay = try await Relay.start(["messages.max_size_bytes": 4096])
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            let large = try await alice.tell("send", ["to": "bob", "size": 4097, "delivery": 2, "settle": true])
            #expect(large.nacked[large.ids[0]] == "TOO_LARGE")
            let fits = try await alice.tell("send", ["to": "bob", "size": 4096, "delivery": 2])
            let got = try await bob.tell("expect", ["ack": true])
            #expect(got.frames[0]["id"].string == fits.ids[0])
            #expect(got.frames[0]["size"].int == 4096)
        }

        @Test func pingIsAnswered() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let pong = try await alice.tell("ping", ["sequence": 7]).frames[0]["document"]
            #expect(pong["sequence"].int == 7)
            #expect(pong["server_time"].int != nil)
            #expect(pong["load"] != .null)
        }

        @Test func unsupportedFrameIsRefusedWithoutHarm() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("frame", ["type": "STREAM_OPEN"])
            let error = try await alice.tell("expect", ["type": "ERROR"]).frames[0]["document"]
            #expect(error["code"].int == 7)
            #expect(error["fatal"] == false)
            try await alice.tell("ping")
        }

        @Test func aReaderThatStopsReadingIsClosed() async throws {
            let relay = try await Relay.start([
                "limits.slow_consumer_grace_ms": 100, "limits.outbox_max_bytes": 262_144,
                "messages.max_size_bytes": 65536,
            ])
            let bob = try await PythonAgent.connected("bob", to: relay, ["receive_buffer": 8192])
            try await bob.tell("pause")
            let alice = try await PythonAgent.connected("alice", to: relay)
            async let flood = alice.ask("flood", ["to": ["bob"], "size": 65536, "delivery": 1, "window": 4000])
            let scrape = try await relay.scrape { ($0.sum("moltrelay_slow_consumers_total") ?? 0) > 0 }
            #expect(scrape.sum("moltrelay_slow_consumers_total") == 1)
            try await bob.tell("resume")
            let close = try await bob.tell("end").close
            // What the kernel held comes first; a socket closed with bytes unsent may also be reset.
            #expect(close == 4005 || close == 1006)
            _ = await relay.stop(with: 9)
            _ = try await flood
        }
    }
}
