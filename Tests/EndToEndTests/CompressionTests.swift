import Testing

extension EndToEnd {
    /// Agents whose compression is not ours.
    @Suite struct CompressionTests {
        private static let compressing: [String: JSON] = ["messages.compression": true]
        static let algorithms = ["lz4", "zstd", "brotli"]

        private static func words(_ algorithms: String...) -> [String: JSON] {
            [
                "extensions": .array(
                    (["auth:bound", "ack:binary"] + algorithms.map { "compression:" + $0 }).map(JSON.string)
                )
            ]
        }

        @Test(arguments: algorithms, [2_000, 300_000])
        func everyPairOfAgentsUnderstandsEachOther(algorithm: String, size: Double) async throws {
            let relay = try await Relay.start(Self.compressing)
            let alice = try await PythonAgent.connected("alice", to: relay, Self.words(algorithm))
            let same = try await PythonAgent.connected("same", to: relay, Self.words(algorithm))
            let plain = try await PythonAgent.connected("plain", to: relay)
            let other = try await PythonAgent.connected(
                "other",
                to: relay,
                Self.words(algorithm == "lz4" ? "zstd" : "lz4")
            )
            for (sender, recipient, compressed) in [
                (alice, same, true), (alice, plain, false), (alice, other, true), (plain, alice, true),
                (other, alice, true),
            ] {
                let compresses = JSON.bool(sender.name != "plain")
                for delivery in [1, 2] as [Double] {
                    let message: [String: JSON] = [
                        "to": .string(recipient.name), "size": .number(size), "delivery": .number(delivery),
                        "compress": compresses,
                    ]
                    let sent = try await sender.tell("send", message)
                    let got = try await recipient.tell("expect", ["ack": .bool(delivery == 2)]).frames[0]
                    #expect(got["id"].string == sent.ids[0])
                    #expect(got["size"].int == Int(size))
                    #expect(
                        (got["carried"].int ?? .max < Int(size) / 10) == compressed,
                        "\(sender.name) \(recipient.name)"
                    )
                }
            }
            let failures = try await relay.scrape { _ in true }.sum("moltrelay_compression_failures_total")
            #expect(failures == 0)
        }

        @Test func whatItSavesAndCostsIsCounted() async throws {
            let relay = try await Relay.start(Self.compressing)
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay, Self.words("zstd"))
            try await alice.tell("send", ["to": "bob", "size": 1_000, "delivery": 1, "count": 10])
            try await bob.tell("expect", ["count": 10])
            let labels = ["algorithm": "zstd", "operation": "compress"]
            let scrape = try await relay.scrape { $0.sum("moltrelay_compression_input_bytes_total", labels) == 10_000 }
            #expect(scrape.sum("moltrelay_compression_input_bytes_total", labels) == 10_000)
            #expect(scrape.sum("moltrelay_compression_output_bytes_total", labels).map { 0 < $0 && $0 < 1_000 } == true)
            #expect(scrape.sum("moltrelay_compression_cpu_seconds_count", labels) == 10)
            #expect(scrape.sum("moltrelay_compression_cpu_seconds_sum", labels).map { 0 < $0 } == true)
        }

        @Test(arguments: algorithms, [400, 40_000])
        func aBombEndsWithItsSender(algorithm: String, claim: Double) async throws {
            let relay = try await Relay.start(Self.compressing)
            let alice = try await PythonAgent.connected("alice", to: relay, Self.words(algorithm))
            let bob = try await PythonAgent.connected("bob", to: relay)
            let bomb: [String: JSON] = ["to": "bob", "size": 10_000_000, "compress": true, "claim": .number(claim)]
            let sent = try await alice.tell("send", bomb.merging(["delivery": 2]) { $1 })
            let error = try await alice.tell("expect", ["type": "ERROR"]).frames[0]["document"]
            #expect(error["code"].int == 9)
            #expect(error["fatal"] == true)
            #expect(error["details"]["message_id"].string == sent.ids[0])
            let scrape = try await relay.scrape { $0.sum("moltrelay_compression_failures_total") == 1 }
            #expect(scrape.sum("moltrelay_compression_failures_total") == 1)
            #expect(scrape.sum("moltrelay_messages_dropped_total", ["reason": "unreadable"]) == 1)
            try await bob.tell("ping")
        }

        @Test func anAgentThatNegotiatedNothingIsToldSo() async throws {
            let relay = try await Relay.start(Self.compressing)
            let alice = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("send", ["to": "bob", "delivery": 2, "body": "12345678", "flags": 1])
            let error = try await alice.tell("expect", ["type": "ERROR"]).frames[0]["document"]
            #expect(error["code"].int == 7)
            try await alice.tell("ping")
        }
    }
}
