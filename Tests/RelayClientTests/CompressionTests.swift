import Compression
import RelayFixture
import Testing
import WireProtocol

@testable import RelayClient

@Suite(.timeLimit(.minutes(2))) struct CompressionTests {
    static let text = Array(String(repeating: "the quick brown fox jumps over the lazy dog. ", count: 300).utf8)

    private func outgoing(_ envelope: [UInt8], isEncrypted: Bool = false) -> OutgoingMessage {
        let options = SendOptions(isEncrypted: isEncrypted)
        return OutgoingMessage(envelope, from: Sample.bob, to: Sample.bob, options, wallClock: 1)
    }

    @Test(arguments: CompressionAlgorithm.allCases) func whatIsSentCompressedIsRead(algorithm: CompressionAlgorithm)
        throws
    {
        let compression = EnvelopeCompression(algorithm: algorithm, threshold: 256)
        let bytes = try #require(compression.compressed(outgoing(Self.text)))
        #expect(bytes.count < Self.text.count / 4)
        #expect(compression.compressed(outgoing(Array(Self.text.prefix(256)))) == nil)
        #expect(compression.compressed(outgoing(Self.text, isEncrypted: true)) == nil)
        var relay = TestRelay(try Sample.configuration())
        try relay.open(["auth:bound", "compression:" + algorithm.name])
        let payload = relay.message(try Sample.id(1), body: bytes)
        guard case .message(let frame) = relay.send(.message, flags: .compressed, payload: payload) else {
            Issue.record("not taken")
            return
        }
        #expect(frame.envelope == Self.text)
    }

    @Test func whatIsNotWhatItSaysIsNotGivenOut() throws {
        let honest = try #require(EnvelopeCompression(algorithm: .zstd, threshold: 0).compressed(outgoing(Self.text)))
        var small = honest
        CompressedHead(algorithm: .zstd, originalSize: 100).write(to: &small)
        var huge = honest
        CompressedHead(algorithm: .zstd, originalSize: 1 << 31).write(to: &huge)
        for bytes in [small, huge, honest + [0], Array(honest.dropLast()), Array(honest.prefix(5))] {
            var relay = TestRelay(try Sample.configuration())
            try relay.open(["auth:bound", "compression:zstd"])
            let payload = relay.message(try Sample.id(1), body: bytes)
            guard case .unreadable = relay.send(.message, flags: .compressed, payload: payload) else {
                Issue.record("given out")
                continue
            }
            #expect(relay.session.isOpen)
        }
    }

    @Test(arguments: ["compression:lz4", "batching"]) func anotherAlgorithmIsTheRelaysFault(word: String) throws {
        let bytes = try #require(EnvelopeCompression(algorithm: .zstd, threshold: 0).compressed(outgoing(Self.text)))
        var relay = TestRelay(try Sample.configuration())
        try relay.open(["auth:bound", word])
        let payload = relay.message(try Sample.id(1), body: bytes)
        #expect(relay.send(.message, flags: .compressed, payload: payload).failure != nil)
    }

    @Test func throughARelay() async throws {
        let relay = try await RelayProcess(["messages": "{compression: true}"])
        let alice = try TestClient("alice", at: relay.url)
        let bob = try TestClient("bob", at: relay.url) { $0.compression = [.brotli] }
        try await running(alice, bob) {
            #expect(try await alice.opened().extensions.compression == .zstd)
            #expect(try await bob.opened().extensions.compression == .brotli)
            for (sender, recipient, name) in [(alice, bob, "bob"), (bob, alice, "alice")] {
                for count in [1, 20] {
                    let text = String(repeating: String(decoding: Self.text, as: UTF8.self), count: count)
                    async let receipt = sender.send(text, to: name)
                    let message = try await recipient.next()
                    #expect(message.text == text)
                    message.acknowledge()
                    _ = try await receipt
                }
            }
        }
    }
}
