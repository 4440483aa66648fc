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

        @Test(arguments: ["Sec-WebSocket-Key", "Sec-WebSocket-Version"])
        func upgradeThatLacksAHeader(_ name: String) async throws {
            let relay = try await Relay.start()
            let headers = Self.upgrade.filter { !$0.hasPrefix(name) }
            let answer = try await HTTP.get("http://\(relay.websocket)/v1/connect", headers: headers)
            #expect(answer.status == 400)
            #expect(!answer.body.isEmpty)
        }

        @Test func aPostIsNoUpgrade() async throws {
            let relay = try await Relay.start()
            let answer = try await HTTP.get(
                "http://\(relay.websocket)/v1/connect",
                headers: Self.upgrade,
                method: "POST"
            )
            #expect([400, 405].contains(answer.status))
        }
    }
}
