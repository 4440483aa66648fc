import Identity
import LibCrypto
import RelayClient
import WireProtocol

/// A client that runs for the length of a closure, and what its connection did.
struct TestClient: Sendable {
    let client: RelayClient
    private let states: AsyncStream<RelayClient.State>

    init(_ agentID: String, at url: String, _ change: (inout RelayClient.Configuration) -> Void = { _ in }) throws {
        let seed = SHA256.hash(agentID.utf8)
        var configuration = RelayClient.Configuration(
            relay: try RelayAddress(url),
            agentID: agentID,
            key: try Ed25519.PrivateKey(seed: seed)
        )
        configuration.backoff = RelayClient.Backoff(first: .milliseconds(20), longest: .milliseconds(200))
        change(&configuration)
        let (states, continuation) = AsyncStream.makeStream(
            of: RelayClient.State.self,
            bufferingPolicy: .bufferingOldest(10_000)
        )
        configuration.onChange = { continuation.yield($0) }
        self.states = states
        client = RelayClient(configuration: configuration)
    }

    /// - Returns: the first state from here on that `wanted` finds something in.
    func state<Found>(_ wanted: (RelayClient.State) -> Found?) async throws -> Found {
        for await state in states {
            if let found = wanted(state) { return found }
        }
        throw CancellationError()
    }

    @discardableResult
    func opened() async throws -> SessionTerms {
        try await state { if case .open(let terms) = $0 { terms } else { nil } }
    }

    func next() async throws -> IncomingMessage {
        let messages = client.messages.makeAsyncIterator()
        guard let message = await messages.next() else { throw CancellationError() }
        return message
    }

    func send(_ text: String, to agent: String, _ options: SendOptions = SendOptions()) async throws -> Receipt {
        try await client.send(Array(text.utf8), to: agent, options: options)
    }
}

/// Runs the clients while `body` does.
func running(_ clients: TestClient..., body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for client in clients { group.addTask { try await client.client.run() } }
        defer { for client in clients { client.client.close() } }
        try await body()
        for client in clients { client.client.close() }
        try await group.waitForAll()
    }
}

extension IncomingMessage {
    var text: String { String(decoding: envelope, as: UTF8.self) }
}

/// One turn of a wait that polls. It ends with the test's time: a loop that only yields would go on and hold a core.
func stillWaiting() async throws {
    try Task.checkCancellation()
    await Task.yield()
}
