import Testing
import WireProtocol

@testable import RelayClient

@Suite struct RepeatWindowTests {
    private func key(_ number: UInt8) throws -> RepeatWindow.Key {
        .init(sender: Sample.bob, id: try Sample.id(number))
    }

    @Test func aRepetitionTellsWhatBecameOfTheFirst() throws {
        var window = RepeatWindow(capacity: 8)
        #expect(window.received(try key(1)) == .new)
        #expect(window.received(try key(1)) == .outstanding)
        #expect(window.acknowledged(try key(1), .processed))
        #expect(!window.acknowledged(try key(1), .received))
        #expect(window.received(try key(1)) == .acknowledged(.processed))
    }

    @Test func anotherSendersIdIsAnotherMessage() throws {
        var window = RepeatWindow(capacity: 8)
        _ = window.received(try key(1))
        #expect(
            window.received(.init(sender: AgentHash(bytes: [UInt8](repeating: 1, count: 32))!, id: try Sample.id(1)))
                == .new
        )
    }

    @Test func onlyTheLastAreRemembered() throws {
        var window = RepeatWindow(capacity: 2)
        for number in 1...3 as ClosedRange<UInt8> { _ = window.received(try key(number)) }
        #expect(window.received(try key(3)) == .outstanding)
        #expect(window.received(try key(2)) == .outstanding)
        // Forgotten, and still to be acknowledged when its consumer does.
        #expect(window.acknowledged(try key(1), .received))
        #expect(window.received(try key(1)) == .new)
    }
}

@Suite struct InboxTests {
    private func message(_ number: UInt8) throws -> IncomingMessage {
        let routing = RoutingHeader(sender: Sample.bob, recipient: Sample.bob, id: try Sample.id(number), timestamp: 0)
        return IncomingMessage(
            frame: IncomingFrame(
                routing: routing,
                mode: .atLeastOnce,
                isEncrypted: false,
                trace: nil,
                envelope: [UInt8](repeating: 0, count: 744)
            ),
            acknowledgements: Acknowledgements {}
        )
    }

    @Test func pastItsBoundItAsksToStopAndAtHalfToGoOn() async throws {
        let (resumes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(8))
        let inbox = Inbox(maxBytes: 4_000) { continuation.yield() }
        for number in 1...3 as ClosedRange<UInt8> { #expect(inbox.append(try message(number))) }
        #expect(!inbox.append(try message(4)))
        #expect(!inbox.append(try message(5)))
        #expect(inbox.bytes == 5_000 && inbox.pauses == 1)
        for number in 1...2 as ClosedRange<UInt8> { #expect(await inbox.next()?.id == (try Sample.id(number))) }
        #expect(!inbox.append(try message(6)))
        for number in 3...4 as ClosedRange<UInt8> { #expect(await inbox.next()?.id == (try Sample.id(number))) }
        #expect(inbox.append(try message(7)))
        continuation.finish()
        #expect(await resumes.reduce(0) { count, _ in count + 1 } == 1)
    }

    @Test func aConsumerThatWaitsGetsItAtOnce() async throws {
        let inbox = Inbox(maxBytes: 1) {}
        async let first = inbox.next()
        while inbox.waiting == 0 { try await stillWaiting() }
        #expect(inbox.append(try message(1)))
        #expect(await first?.id == (try Sample.id(1)))
        #expect(inbox.bytes == 0)
    }

    @Test func cancellationAndTheEndBothGiveNil() async throws {
        let inbox = Inbox(maxBytes: 1) {}
        let cancelled = Task { await inbox.next() }
        while inbox.waiting == 0 { try await stillWaiting() }
        cancelled.cancel()
        #expect(await cancelled.value == nil)
        let ended = Task { await inbox.next() }
        while inbox.waiting == 0 { try await stillWaiting() }
        inbox.end()
        #expect(await ended.value == nil)
        #expect(await inbox.next() == nil)
    }
}
