import Identity
import NIOCore
import NIOEmbedded
import NIOPosix
import RelayCore
import WireProtocol

@testable import RelayTransport

/// A socket of the agents' listener from its first byte: what it answers does not depend on where the bytes were cut,
/// is one of the answers the protocol page lists, and leaves no socket behind.
enum UpgradeTarget {
    private static let statuses = ["101", "400", "404", "426", "431"]

    static func run(_ input: [UInt8]) {
        var script = Script(input)
        let seed = script.byte()
        let fillings = script.byte() >> 3
        let pieces = cuttings(of: filled(script.rest(), fillings), seed: seed)
        let answers = (fillings == 0 ? pieces : [pieces[0], pieces[2]]).map { answer(to: $0) }
        expect(answers.allSatisfy { $0 == answers[0] }, "another answer where the bytes are cut")
        let head = String(decoding: answers[0].prefix(12), as: UTF8.self)
        let isAnswer = head.hasPrefix("HTTP/1.1 ") && statuses.contains(String(head.suffix(3)))
        expect(answers[0].isEmpty || isAnswer, "the answer is \(head)")
    }

    /// A header line of 1 KiB, so many times, after the first line: how an input of a few bytes passes 16 KiB.
    private static func filled(_ stream: [UInt8], _ count: UInt8) -> [UInt8] {
        guard count > 0, let end = stream.firstIndex(of: UInt8(ascii: "\n")) else { return stream }
        let line = Array("X: ".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 1_019) + Array("\r\n".utf8)
        return stream[...end] + (0..<count).flatMap { _ in line } + stream[(end + 1)...]
    }

    private static func answer(to pieces: [ArraySlice<UInt8>]) -> [UInt8] {
        do {
            if listening.isWornOut { listening = Listening() }
            return try listening.answer(to: pieces)
        } catch {
            broken("the socket failed: \(error)")
        }
    }

    // The fuzzer has one thread.
    private nonisolated(unsafe) static var listening = Listening()
}

/// A relay and its listener for many inputs: made anew they would be a leak an input, since a loop and its relay hold
/// each other.
private final class Listening {
    private let loop = EmbeddedEventLoop()
    private var answered: UInt64 = 0
    private let listener: AgentListener

    init() {
        let loops = DataLoops(group: loop)
        _ = loops.start(settings: RelaySettings(), store: nil) { _ in Deaf() }
        loop.run()
        let limits = QueueLimits(
            maxMessagesPerAgent: 1,
            maxTotalBytes: 1,
            maxSharePerSender: 1,
            deduplicationMaxIDs: 1
        )
        listener = AgentListener(
            loops: loops,
            session: SessionConfiguration(relayID: "relay"),
            limits: TransportLimits(maxConnectionsPerIP: 0, connectionsPerIPPerSecond: 0, connectionsPerSecond: 0),
            admission: Admission(
                identity: RelayIdentity(relayID: "relay", key: nil),
                authenticator: Authenticator(policy: AuthPolicy()),
                store: MemoryStore(limits: limits),
                workers: NIOThreadPool(numberOfThreads: 1),
                maxAnonymousPins: 1
            )
        )
    }

    /// The loop's beat is set by the machine's clock. Were the loop's own to overtake it, the beat would come again and
    /// again without an end.
    var isWornOut: Bool { answered * 2 > min(120, NIODeadline.now().uptimeNanoseconds / 1_000_000_000 / 2) }

    func answer(to pieces: [ArraySlice<UInt8>]) throws -> [UInt8] {
        let channel = EmbeddedChannel(loop: loop)
        try listener.open(channel)
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        for piece in pieces where channel.isActive {
            try channel.writeInbound(ByteBuffer(bytes: piece))
            loop.run()
        }
        var answer: [UInt8] = []
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { answer += bytes.readableBytesView }
        // Past every wait for the peer's end.
        loop.advanceTime(by: .seconds(2))
        answered += 1
        _ = try channel.finish(acceptAlreadyClosed: true)
        expect(listener.turnstile.counts == (0, 0), "a socket is still counted")
        return answer
    }
}

private final class Deaf: RelayObserver {
    func observe(
        messages: UnsafeBufferPointer<MessageFact>,
        events: UnsafeBufferPointer<RelayEvent>,
        at now: MonotonicNanoseconds
    ) {}
}
