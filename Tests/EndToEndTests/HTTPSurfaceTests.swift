import Testing

extension EndToEnd {
    @Suite struct HTTPSurfaceTests {
        private static let upgrade = [
            "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]

        @Test func requestsThatAreNoUpgrade() async throws {
            let relay = try await Relay.start()
            let wrong = try await HTTP.get("http://\(relay.websocket)/v2/connect", headers: Self.upgrade)
            #expect(wrong.status == 404)
            let plain = try await HTTP.get("http://\(relay.websocket)/v1/connect")
            #expect(plain.status == 426)
            for answer in [wrong, plain] { #expect(!answer.body.isEmpty, "\(answer)") }
        }

        @Test(arguments: ["Sec-WebSocket-Key", "Connection"])
        func upgradeThatLacksAHeader(_ name: String) async throws {
            let relay = try await Relay.start()
            let headers = Self.upgrade.filter { !$0.hasPrefix(name) }
            let answer = try await HTTP.get("http://\(relay.websocket)/v1/connect", headers: headers)
            #expect(answer.status == 400)
            #expect(!answer.body.isEmpty)
        }

        /// RFC 6455 section 4.4: an answer that names the version spoken here.
        @Test(arguments: [[], ["Sec-WebSocket-Version: 8"]])
        func upgradeToAnotherVersion(_ version: [String]) async throws {
            let relay = try await Relay.start()
            let headers = Self.upgrade.filter { !$0.hasPrefix("Sec-WebSocket-Version") } + version
            let answer = try await HTTP.get("http://\(relay.websocket)/v1/connect", headers: headers)
            #expect(answer.status == 426)
            #expect(answer.body.contains("13"), "\(answer)")
        }

        @Test func aPostIsNoUpgrade() async throws {
            let relay = try await Relay.start()
            let answer = try await HTTP.get(
                "http://\(relay.websocket)/v1/connect",
                headers: Self.upgrade,
                method: "POST"
            )
            #expect(answer.status == 426)
        }
    }
}
