import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// Every code of a NACK (protocol section 7), caused from outside.
    @Suite struct RefusalTests {
        enum Code: String, CaseIterable {
            case recipientOffline = "RECIPIENT_OFFLINE"
            case queueFull = "QUEUE_FULL"
            case expired = "EXPIRED"
            case tooLarge = "TOO_LARGE"
            case rateLimited = "RATE_LIMITED"
            case senderMismatch = "SENDER_MISMATCH"
            case draining = "DRAINING"
            case storageUnavailable = "STORAGE_UNAVAILABLE"

            var settings: [String: JSON] {
                switch self {
                case .recipientOffline, .expired, .draining: ["queue.enabled": false]
                case .queueFull: ["queue.max_messages_per_agent": 1]
                case .tooLarge: ["messages.max_size_bytes": 4096]
                case .rateLimited: ["limits.messages_per_agent_per_minute": 1]
                case .senderMismatch, .storageUnavailable: [:]
                }
            }

            /// Sent before the message that is refused.
            var messagesBefore: Double { self == .queueFull || self == .rateLimited ? 1 : 0 }

            var message: [String: JSON] {
                switch self {
                case .expired: ["to": "carol", "ttl": 1]
                case .tooLarge: ["to": "bob", "size": 4097]
                case .senderMismatch: ["to": "bob", "sender": "carol"]
                default: ["to": "bob"]
                }
            }

            /// A sender that tries again after this long may be luckier.
            var retryAfter: ClosedRange<Int>? {
                switch self {
                case .expired, .tooLarge, .senderMismatch: nil
                case .rateLimited: 1...60_000
                default: 1...30_000
                }
            }
        }

        @Test func thePageKnowsTheseAndNoOthers() throws {
            let page = try String(contentsOfFile: Programs.repository + "/docs/protocol.md", encoding: .utf8)
            let paragraph = try #require(page.components(separatedBy: "\n\n").first { $0.hasPrefix("**NACK**") })
            let names = try #require(paragraph.firstRange(of: "Codes: ")).upperBound
            let codes = paragraph[names...].prefix { $0 != "." }.split { ", \n".contains($0) }
            #expect(codes.map(String.init) == Code.allCases.map(\.rawValue))
        }

        @Test(arguments: Code.allCases) func isCausedCountedAndHarmless(code: Code) async throws {
            let relay = try await Relay.start(code.settings)
            let alice = try await PythonAgent.connected("alice", to: relay)
            // Is there, and acknowledges nothing.
            let carol = try await PythonAgent.connected("carol", to: relay)
            let before: [String: JSON] = ["to": "bob", "delivery": 2, "settle": true]
            if code.messagesBefore > 0 {
                let sent = try await alice.tell("send", before.merging(["count": .number(code.messagesBefore)]) { $1 })
                #expect(sent.acked.count == Int(code.messagesBefore))
            }
            let undo = try await prepare(code, relay, alice)

            let sent = try await alice.tell("send", code.message.merging(["delivery": 2]) { $1 })
            let nack = try await alice.tell("expect", ["type": "NACK"]).frames[0]["document"]
            #expect(nack["code"].string == code.rawValue)
            #expect(nack["message_id"].string == sent.ids[0])
            #expect(nack["message"].string?.isEmpty == false)
            let wait = nack["retry_after_ms"].int
            #expect(code.retryAfter.map { range in wait.map(range.contains) == true } ?? (wait == nil), "\(nack)")

            let label = ["code": code.rawValue]
            let scrape = try await relay.scrape { $0.sum("moltrelay_nacks_total", label) == 1 }
            #expect(scrape.sum("moltrelay_nacks_total", label) == 1)
            #expect(scrape.sum("moltrelay_nacks_total") == 1)
            try await alice.tell("ping")
            await undo?.letGo()
            try await carol.tell("close")
        }

        /// - Returns: what makes the disk fail, for as long as it does.
        private func prepare(_ code: Code, _ relay: Relay, _ alice: PythonAgent) async throws -> Tracer? {
            switch code {
            case .draining:
                // Carol holds the drain up: she has a message that she does not acknowledge and that no queue takes.
                try await alice.tell("send", ["to": "carol", "delivery": 2])
                relay.process.send(SIGTERM)
                try await alice.tell("expect", ["type": "GOAWAY"])
                return nil
            case .storageUnavailable:
                let failure = ["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"]
                return try await Tracer(["-f", "-p", "\(relay.process.pid)"] + failure)
            default: return nil
            }
        }

        /// A best-effort message over the rate is refused too, and the limit that SIGHUP brings holds at once.
        @Test func aRateIsReloadedAndHoldsForEveryMode() async throws {
            let relay = try await Relay.start()
            let alice = try await PythonAgent.connected("alice", to: relay)
            let again = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("send", ["to": "bob", "delivery": 2, "count": 5, "settle": true])
            try relay.folder.configure(["limits.messages_per_agent_per_minute": 2])
            relay.process.send(SIGHUP)
            let changed = try await relay.logged("configuration reloaded")["changed"].strings
            #expect(changed == ["limits.messages_per_agent_per_minute"])
            // Both connections of alice draw from one bucket.
            try await alice.tell("send", ["to": "bob", "delivery": 1])
            try await alice.tell("ping")
            try await again.tell("send", ["to": "bob", "delivery": 1, "count": 2])
            let nack = try await again.tell("expect", ["type": "NACK"]).frames[0]["document"]
            #expect(nack["code"] == "RATE_LIMITED")
            #expect((1...30_000).contains(nack["retry_after_ms"].int ?? 0), "\(nack)")
        }
    }
}
