import Testing

extension EndToEnd {
    /// permessage-deflate with a client that is not ours.
    @Suite struct DeflateTests {
        private static let deflating: [String: JSON] = ["server.websocket.permessage_deflate": true]
        private static let labels = ["algorithm": "deflate"]

        @Test(arguments: [[], ["auth:bound", "batching"]] as [[JSON]], [10, 3_000, 300_000] as [Double])
        func agentsExchange(extensions: [JSON], size: Double) async throws {
            let relay = try await Relay.start(Self.deflating)
            let options: [String: JSON] = ["deflate": true, "extensions": .array(extensions)]
            let alice = try await PythonAgent.connected("alice", to: relay, options)
            let bob = try await PythonAgent.connected("bob", to: relay, options)
            for (sender, recipient) in [(alice, bob), (bob, alice)] {
                let message: [String: JSON] = [
                    "to": .string(recipient.name), "size": .number(size), "delivery": 2, "count": 5,
                ]
                let sent = try await sender.tell("send", message)
                let got = try await recipient.tell("expect", ["count": 5, "ack": true])
                #expect(got.frames.map { $0["id"].string } == sent.ids)
                #expect(got.frames.allSatisfy { $0["size"].int == Int(size) })
            }
            try await alice.tell("ping")
            let inflate = Self.labels.merging(["operation": "inflate"]) { $1 }
            let scrape = try await relay.scrape { _ in true }
            #expect(scrape.sum("moltrelay_compression_output_bytes_total", inflate) ?? 0 >= 10 * size)
            let compress = Self.labels.merging(["operation": "compress"]) { $1 }
            #expect(scrape.sum("moltrelay_compression_input_bytes_total", compress) ?? 0 > 0)
            #expect(scrape.sum("moltrelay_compression_failures_total") == 0)
        }

        @Test func itIsOffUnlessAskedFor() async throws {
            let relay = try await Relay.start()
            let alice = try PythonAgent("alice")
            let connected = try await alice.connect(to: relay, ["deflate": true])
            #expect(connected.json["websocket_extensions"] == .null)
            let other = try await Relay.start(Self.deflating)
            let bob = try PythonAgent("bob")
            let agreed = try await bob.connect(to: other, ["deflate": true])
            #expect(
                agreed.json["websocket_extensions"].string
                    == "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
            )
        }

        /// Ten megabytes in ten kilobytes: over the limit on a message it is left in the middle.
        @Test func aBombEndsTheConnection() async throws {
            let relay = try await Relay.start(Self.deflating.merging(["messages.max_size_bytes": 100_000]) { $1 })
            let alice = try await PythonAgent.connected("alice", to: relay, ["deflate": true])
            try await alice.tell("send", ["to": "bob", "size": 10_000_000, "delivery": 2])
            let end = try await alice.tell("end")
            #expect(end.close == 1009)
            let scrape = try await relay.scrape {
                $0.sum("moltrelay_compression_failures_total", ["cause": "size"]) == 1
            }
            #expect(scrape.sum("moltrelay_compression_failures_total", ["cause": "size"]) == 1)
            let inflate = Self.labels.merging(["operation": "inflate"]) { $1 }
            #expect(scrape.sum("moltrelay_compression_output_bytes_total", inflate) ?? .infinity < 400_000)
        }
    }
}
