import Testing

extension EndToEnd {
    /// Questions and orders as a script puts them, past what the commands let through.
    @Suite struct SteeringBoundsTests {
        private func ask(_ relay: Relay, _ path: String, _ order: String? = nil) async throws -> (Int, String) {
            let body = order.map { " -d '\($0)'" } ?? ""
            let outcome = try await Programs.shell(
                "curl -s --unix-socket \(relay.folder.path)/admin.sock -w '\\n%{http_code}' 'http://relay\(path)'\(body)"
            )
            return (Int(outcome.lines.last ?? "") ?? 0, outcome.lines.dropLast().first ?? "")
        }

        @Test func anOrderPastItsBoundsIsRefusedAndDoesNothing() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            for order in ["{}", #"{"reconnect_after_ms":1}"#] {
                let (status, text) = try await ask(relay, "/v1/connections/close", order)
                #expect(status == 400 && text == "name an agent, a session or an address", "\(order)")
            }
            for delay in [-1, 600_001] {
                let (status, text) = try await ask(relay, "/v1/drain", "{\"reconnect_after_ms\":\(delay)}")
                #expect(status == 400 && text == "reconnect_after_ms is 0 to 600000, not \(delay)")
            }
            let alices =
                try await JSON(parsing: ask(relay, "/v1/connections").1)["connections"][0]["agent"].string ?? ""
            for path in ["block", "unblock", "unpin"] {
                #expect(try await ask(relay, "/v1/agents/\(path)", #"{"agent":"alice"}"#).0 == 400)
            }
            func block(_ reason: Int) -> String {
                "{\"agent\":\"\(alices)\",\"reason\":\"\(String(repeating: "x", count: reason))\"}"
            }
            #expect(try await ask(relay, "/v1/agents/block", block(201)) == (400, "reason is 200 bytes at most"))
            try await alice.tell("ping")
            #expect(try await ask(relay, "/v1/agents/block", block(200)).0 == 200)
            #expect(try await alice.tell("end").close == 4006)
            #expect(await relay.stop() == .exit(0))
        }

        @Test func pagesOfConnectionsMeetWithoutAGap() async throws {
            let relay = try await Relay.start()
            var agents: [PythonAgent] = []
            for name in ["a", "b", "c"] { agents.append(try await PythonAgent.connected(name, to: relay)) }
            var (seen, after, pages): ([String], String?, Int) = ([], nil, 0)
            repeat {
                let question = "/v1/connections?sort=since&limit=1" + (after.map { "&after=\($0)" } ?? "")
                let page = try await JSON(parsing: ask(relay, question).1)
                #expect(page["matching"] == .number(Double(3 - pages)))
                seen += page["connections"].array.compactMap { $0["session"].string }
                after = page["next"].string
                pages += 1
            } while after != nil && pages < 9
            #expect(pages == 3 && Set(seen).count == 3, "\(seen)")
            for agent in agents { try await agent.tell("ping") }
            #expect(await relay.stop() == .exit(0))
        }

        @Test func aQueueTellsWhetherItsAgentIsThere() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let bob = try await PythonAgent.connected("bob", to: relay)
            try await alice.tell("send", ["to": "bob", "delivery": 2])
            // Not acknowledged, so that it stays.
            try await bob.tell("expect")
            try await alice.tell("send", ["to": "carol", "delivery": 2, "count": 2, "settle": true])
            let queues = try await JSON(parsing: ask(relay, "/v1/queue?sort=messages").1)["queues"].array
            #expect(queues.map { $0["messages"] } == [2, 1], "\(queues)")
            #expect(queues.map { $0["connected"] } == [false, true], "\(queues)")
            #expect(await relay.stop() == .exit(0))
        }
    }
}
