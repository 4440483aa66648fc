import NIOCore
import NIOPosix
import Synchronization

@testable import Redis

/// A client with a loop of its own, and what it said of its connection.
final class Client: Sendable {
    let changes = Changes()
    let client: RedisClient
    let first: Result<Void, RedisFailure>
    private let group: MultiThreadedEventLoopGroup

    init(_ ports: Int..., change: (inout RedisSettings, inout RedisClient.Session) throws -> Void = { _, _ in })
        async throws
    {
        var settings = RedisSettings(addresses: ports.map { .init(host: "127.0.0.1", port: $0) })
        var session = RedisClient.Session()
        session.changed = { [changes] in changes.note($0) }
        try change(&settings, &session)
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        (client, first) = try await RedisClient.start(settings, session, on: group.next())
    }

    func send(_ words: String...) async -> RedisClient.Answer {
        var command = RedisCommand()
        for word in words { command.append(word) }
        return await client.send(command)
    }

    func close() async throws {
        await withCheckedContinuation { continuation in client.close { continuation.resume() } }
        try await group.shutdownGracefully()
    }
}

/// What a client said of its connection, in order; true for one that can be used.
final class Changes: Sendable {
    private struct State {
        var all: [Bool] = []
        var waiting: (wanted: [Bool], continuation: CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State())

    func note(_ failure: RedisFailure?) {
        let met = state.withLock { state -> CheckedContinuation<Void, Never>? in
            // A server that stays away is said again and again.
            if state.all.last != (failure == nil) { state.all.append(failure == nil) }
            guard let waiting = state.waiting, state.all == waiting.wanted else { return nil }
            state.waiting = nil
            return waiting.continuation
        }
        met?.resume()
    }

    func wait(for wanted: [Bool]) async {
        await withCheckedContinuation { continuation in
            let isMet = state.withLock { state -> Bool in
                if state.all == wanted { return true }
                state.waiting = (wanted, continuation)
                return false
            }
            if isMet { continuation.resume() }
        }
    }
}

extension RedisClient.Answer {
    var reply: RedisReply? { try? get() }

    var failure: RedisFailure? {
        guard case .failure(let failure) = self else { return nil }
        return failure
    }
}

extension RedisFailure {
    var isTemporary: Bool {
        if case .temporary = self { true } else { false }
    }
}
