import Testing

extension EndToEnd {
    @Suite struct HealthTests {
        @Test func everyTierAnswersOnBothListeners() async throws {
            let relay = try await Relay.start()
            for listener in [relay.metrics, relay.http] {
                _ = try await relay.probe("/health/ready", until: 200)
                for path in ["/health", "/health/ready", "/health/startup", "/livez", "/readyz", "/startupz"] {
                    let answer = try await HTTP.get("http://\(listener)\(path)")
                    #expect(answer.status == 200, "\(path): \(answer)")
                }
            }
        }

        @Test func detailedNamesEveryCheck() async throws {
            let relay = try await Relay.start()
            let answer = try await HTTP.get("http://\(relay.metrics)/health/detailed")
            #expect([200, 503].contains(answer.status))
            let checks = try JSON(parsing: answer.body)["checks"]
            #expect(checks != .null, "\(answer)")
        }

        /// Whom a proxy speaks for is not on this machine.
        @Test func detailsAreForWhoHasTheToken() async throws {
            let folder = try RelayFolder()
            let file = try folder.write("0123456789abcdef\n", to: "token")
            #expect(try await Programs.run("chmod", ["600", file]).ending == .exit(0))
            try folder.configure(["health.token_file": .string(file)])
            let relay = try await Relay.start(in: folder)
            let details = "http://\(relay.metrics)/health/detailed"
            let elsewhere = "x-forwarded-for: 203.0.113.9"
            let refused = try await HTTP.get(details, headers: [elsewhere])
            #expect(refused.status == 403)
            #expect(refused.body.contains("Only from this machine, as localhost, or with the bearer token."))
            let wrong = ["authorization: Bearer 0123456789abcdeF"]
            #expect(try await HTTP.get(details, headers: [elsewhere] + wrong).status == 403)
            let right = ["authorization: Bearer 0123456789abcdef"]
            #expect(try await HTTP.get(details, headers: [elsewhere] + right).status == 200)
        }

        @Test func metricsAreTextForAnyoneWhoAsks() async throws {
            let relay = try await Relay.start()
            let answer = try await HTTP.get("http://\(relay.metrics)/metrics")
            #expect(answer.contentType.hasPrefix("text/plain; version=0.0.4"))
            let checked = try await Programs.shell(
                "curl -s http://\(relay.metrics)/metrics | promtool check metrics"
            )
            #expect(checked.ending == .exit(0), "\(checked.text)")
        }

        /// As a load balancer's TCP check does.
        @Test func whoConnectsAndSaysNothingIsNoError() async throws {
            let relay = try await Relay.start(["limits.handshake_timeout_ms": 200])
            let port = relay.websocket.split(separator: ":").last ?? ""
            // Until the relay closes; then for as long as it takes to connect.
            let checked = try await Programs.shell(
                "exec 3<>/dev/tcp/127.0.0.1/\(port); cat <&3; exec 3>&-; exec 4<>/dev/tcp/127.0.0.1/\(port)"
            )
            #expect(checked.ending == .exit(0), "\(checked.text)")
            #expect(try await relay.scrape().sum("moltrelay_connection_errors_total") == 0)
            _ = try await HTTP.get("http://\(relay.websocket)/nowhere")
            let scrape = try await relay.scrape { ($0.sum("moltrelay_connection_errors_total") ?? 0) > 0 }
            #expect(scrape.sum("moltrelay_connection_errors_total") == 1)
        }

        @Test func guideNamesAreThereFromTheStart() async throws {
            let scrape = try await Relay.start().scrape()
            let names = [
                "moltrelay_connections_active", "moltrelay_connection_errors_total", "moltrelay_messages_total",
                "moltrelay_message_latency_bucket", "moltrelay_queue_depth",
            ]
            for name in names { #expect(scrape.sum(name) != nil, "\(name)") }
        }
    }
}
