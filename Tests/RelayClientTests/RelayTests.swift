import Foundation
import Identity
import RelayClient
import RelayFixture
import Testing
import WireProtocol

@Suite(.timeLimit(.minutes(2))) struct RelayTests {
    @Test func twoAgentsExchangeMessages() async throws {
        // Without a queue the recipient's word is the only one a sender can get.
        let relay = try await RelayProcess(["queue": "{enabled: false}"])
        let alice = try TestClient("alice", at: relay.url)
        let bob = try TestClient("bob", at: relay.url)
        try await running(alice, bob) {
            try await bob.opened()
            async let processed = alice.send("hello", to: "bob", SendOptions(priority: 64))
            let message = try await bob.next()
            #expect(message.text == "hello" && message.priority == 64 && message.mode == .atLeastOnce)
            #expect(message.sender == AgentHash(agentID: "alice"))
            message.acknowledge(.processed)
            #expect(try await processed.outcome == .acknowledged(.processed))

            async let received = bob.send("thanks", to: "alice")
            try await alice.next().acknowledge(.received)
            #expect(try await received.outcome == .acknowledged(.received))

            #expect(try await alice.send("by the way", to: "bob", SendOptions(mode: .bestEffort)).outcome == .written)
            #expect(try await bob.next().text == "by the way")
        }
    }

    @Test func whatAnAgentMissedWaitsForIt() async throws {
        let relay = try await RelayProcess()
        let alice = try TestClient("alice", at: relay.url)
        let bob = try TestClient("bob", at: relay.url)
        try await running(alice) {
            for number in 0..<3 {
                let receipt = try await alice.send("\(number)", to: "bob")
                #expect(receipt.outcome == .acknowledged(.queued))
            }
        }
        try await running(bob) {
            #expect(
                try await bob.opened().queue.pendingMessages == 3
            )
            for number in 0..<3 {
                let message = try await bob.next()
                #expect(message.text == "\(number)")
                message.acknowledge()
            }
        }
        try await expectNothingWaits(for: "bob", at: relay)
    }

    /// What was acknowledged does not come again: the first message of a new client is the one sent now.
    private func expectNothingWaits(for agent: String, at relay: RelayProcess) async throws {
        let alice = try TestClient("alice", at: relay.url)
        let again = try TestClient(agent, at: relay.url)
        try await running(alice, again) {
            try await again.opened()
            async let receipt = alice.send("now", to: agent)
            let message = try await again.next()
            #expect(message.text == "now")
            message.acknowledge()
            _ = try await receipt
        }
    }

    @Test func sendsOutliveARelayThatIsKilled() async throws {
        let relay = try await RelayProcess()
        let alice = try TestClient("alice", at: relay.url)
        let bob = try TestClient("bob", at: relay.url)
        try await running(alice, bob) {
            try await alice.opened()
            try await bob.opened()
            relay.end(by: SIGKILL)
            // Nobody can take these now: they are in hand while there is no relay.
            async let receipts = withThrowingTaskGroup(of: Receipt.self) { group in
                for number in 0..<50 { group.addTask { try await alice.send("\(number)", to: "bob") } }
                return try await group.reduce(into: [Receipt]()) { $0.append($1) }
            }
            _ = try await alice.state { if case .waiting(_, .unreachable) = $0 { true } else { nil } }
            try await relay.start()
            var texts: Set<String> = []
            while texts.count < 50 {
                let message = try await bob.next()
                #expect(texts.insert(message.text).inserted, "handed out twice: \(message.text)")
                message.acknowledge()
            }
            #expect(try await receipts.count == 50)
            #expect(try await alice.client.statistics.connections == 2)
        }
    }

    @Test func whatWasWrittenAndNotAcknowledgedIsSentAgain() async throws {
        let relay = try await RelayProcess()
        let alice = try TestClient("alice", at: relay.url)
        try await running(alice) {
            try await alice.opened()
            // A relay that is stopped takes what is written into its socket and does nothing with it.
            relay.send(SIGSTOP)
            async let receipts = withThrowingTaskGroup(of: Receipt.self) { group in
                for number in 0..<20 { group.addTask { try await alice.send("\(number)", to: "bob") } }
                return try await group.reduce(into: [Receipt]()) { $0.append($1) }
            }
            while try await alice.client.statistics.unacknowledged < 20 { try await stillWaiting() }
            relay.end(by: SIGKILL)
            try await relay.start()
            let settled = try await receipts
            #expect(settled.count == 20 && settled.allSatisfy { $0.attempts == 2 })
        }
    }

    @Test func aRepetitionIsAcknowledgedAndNotHandedOut() async throws {
        let relay = try await RelayProcess()
        let alice = try TestClient("alice", at: relay.url)
        let bob = try TestClient("bob", at: relay.url)
        try await running(alice, bob) {
            try await bob.opened()
            async let first = alice.send("once", to: "bob")
            let held = try await bob.next()
            #expect(try await first.outcome == .acknowledged(.queued))
            relay.end(by: SIGKILL)
            try await relay.start()
            try await bob.opened()
            // One sender's messages come in order, so the stored one has come again when the next is here.
            async let second = alice.send("twice", to: "bob")
            let next = try await bob.next()
            #expect(next.text == "twice")
            #expect(try await bob.client.statistics.repeats == 1)
            held.acknowledge()
            next.acknowledge()
            _ = try await second
        }
        try await expectNothingWaits(for: "bob", at: relay)
    }

    @Test func aSlowConsumerStopsTheSocket() async throws {
        let relay = try await RelayProcess()
        let alice = try TestClient("alice", at: relay.url)
        let bob = try TestClient("bob", at: relay.url) { $0.maxInboxBytes = 64 * 1024 }
        let body = String(repeating: "x", count: 8 * 1024)
        try await running(alice, bob) {
            try await bob.opened()
            try await withThrowingTaskGroup(of: Receipt.self) { group in
                for _ in 0..<400 { group.addTask { try await alice.send(body, to: "bob") } }
                for try await receipt in group { #expect(receipt.outcome == .acknowledged(.queued)) }
            }
            // 3.2 MiB were sent to it, and it holds its bound and what one read brought.
            let statistics = try await bob.client.statistics
            #expect(statistics.inboxPauses == 1)
            #expect(statistics.inboxBytes < 64 * 1024 + 1024 * 1024)
            for _ in 0..<400 { try await bob.next().acknowledge() }
            #expect(try await bob.client.statistics.inboxPauses > 1)
        }
    }

    @Test func aNackIsATypedError() async throws {
        let relay = try await RelayProcess(["queue": "{max_messages_per_agent: 2, max_share_per_sender: 1}"])
        let alice = try TestClient("alice", at: relay.url)
        try await running(alice) {
            for _ in 0..<2 { _ = try await alice.send("x", to: "bob") }
            do throws(SendError) {
                _ = try await alice.client.send([1], to: "bob")
                Issue.record("the third was taken")
            } catch {
                guard case .notAccepted(let nack) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(nack.knownCode == .queueFull)
                #expect(error.isTemporary)
            }
        }
    }

    @Test func whatIsTooLargeDoesNotLeave() async throws {
        let relay = try await RelayProcess()
        let alice = try TestClient("alice", at: relay.url)
        try await running(alice) {
            try await alice.opened()
            await #expect(throws: SendError.self) {
                try await alice.client.send([UInt8](repeating: 0, count: 2_000_000), to: "bob")
            }
            _ = try await alice.client.send([UInt8](repeating: 0, count: 1_000_000), to: "bob")
            #expect(try await alice.client.statistics.connections == 1)
        }
    }

    @Test func aCancelledSendIsGivenUp() async throws {
        let alice = try TestClient("alice", at: "ws://127.0.0.1:1")
        let send = Task { try await alice.send("x", to: "bob", SendOptions(timeout: .seconds(600))) }
        while try await alice.client.statistics.sendQueueBytes == 0 { try await stillWaiting() }
        send.cancel()
        await #expect(throws: SendError.cancelled) { try await send.value }
        #expect(try await alice.client.statistics.sendQueueBytes == 0)
    }

    @Test func aSendThatNobodyTakesEndsInTime() async throws {
        let alice = try TestClient("alice", at: "ws://127.0.0.1:1")
        try await running(alice) {
            await #expect(throws: SendError.timedOut(wasWritten: false)) {
                try await alice.send("x", to: "bob", SendOptions(timeout: .milliseconds(50)))
            }
        }
        await #expect(throws: SendError.closed) { try await alice.send("x", to: "bob") }
    }
}
