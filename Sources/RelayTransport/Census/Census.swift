import HeapModule
public import NIOCore
import RelayCore
public import WireProtocol

/// Connections of all loops by a query.
public struct ConnectionPage: Sendable {
    /// In the order asked for.
    public var connections: [ConnectionReading]
    /// How many match, those of the pages before not among them.
    public var matching: Int
}

/// A loop did not answer in time.
public struct LoopSilent: Error, CustomStringConvertible {
    public let loop: Int
    public var description: String { "event loop \(loop) does not turn" }
}

extension DataLoops {
    static let patience = TimeAmount.seconds(3)

    /// Asks each loop, which looks at its connections between the ticks that carry messages.
    public func census(_ query: ConnectionQuery, on eventLoop: any EventLoop) -> EventLoopFuture<ConnectionPage> {
        ask(on: eventLoop) { relay, answer in
            LoopCensus(query: query, at: relay.clock()).go(on: relay, answer)
        }.map { pages in
            let merged = pages.flatMap(\.connections).sorted { $0.place < $1.place }
            return ConnectionPage(
                connections: Array(merged.prefix(query.limit)),
                matching: pages.reduce(0) { $0 + $1.matching }
            )
        }
    }

    /// Ends every connection that matches, whatever the query's order and limit.
    /// - Returns: those that were ended.
    public func close(
        _ query: ConnectionQuery,
        by disconnect: Disconnect,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<[ConnectionReading]> {
        var query = query
        query.order = .since
        query.limit = ConnectionQuery.maxLimit
        let next = query
        return census(query, on: eventLoop).flatMap { page in
            let refs = Dictionary(grouping: page.connections.map(\.ref), by: \.loop)
            for (loop, refs) in refs {
                self.loops[Int(loop)].perform { relay in
                    for ref in refs { relay.connection(ref)?.disconnect(disconnect) }
                }
            }
            guard page.matching > page.connections.count, let last = page.connections.last else {
                return eventLoop.makeSucceededFuture(page.connections)
            }
            var following = next
            following.after = last.place
            return self.close(following, by: disconnect, on: eventLoop).map { page.connections + $0 }
        }
    }

    /// An answer of every loop, by index; fails where one is silent for longer than the patience.
    func ask<Answer: Sendable>(
        on eventLoop: any EventLoop,
        _ question: @escaping @Sendable (Relay, @escaping @Sendable (Answer) -> Void) -> Void
    ) -> EventLoopFuture<[Answer]> {
        let answers = loops.map { loop in
            let promise = eventLoop.makePromise(of: Answer.self)
            loop.perform { relay in question(relay) { promise.succeed($0) } }
            let silence = eventLoop.scheduleTask(in: Self.patience) { promise.fail(LoopSilent(loop: loop.index)) }
            promise.futureResult.whenComplete { _ in silence.cancel() }
            return promise.futureResult
        }
        return EventLoopFuture.whenAllSucceed(answers, on: eventLoop)
    }
}

/// One loop's part of a census: it keeps the first of what it has seen, and lets the loop turn every so many slots.
private struct LoopCensus: Sendable {
    /// Some 20 us of a loop.
    private static let slotsATurn = 512

    private let query: ConnectionQuery
    private let now: MonotonicNanoseconds
    private var first = Heap<ConnectionPlace>()
    private var matching = 0
    private var slot = 0

    init(query: ConnectionQuery, at now: MonotonicNanoseconds) {
        self.query = query
        self.now = now
    }

    func go(on relay: Relay, _ answer: @escaping @Sendable (ConnectionPage) -> Void) {
        var census = self
        let next = relay.visitConnections(from: slot, slots: Self.slotsATurn) { census.look(at: $0) }
        guard let next else { return answer(census.page(on: relay)) }
        census.slot = next
        let rest = census
        relay.later { rest.go(on: $0, answer) }
    }

    private mutating func look(at connection: Connection) {
        guard !connection.isClosed, query.matches(connection) else { return }
        let place = query.place(of: connection, at: now)
        if let after = query.after, place <= after { return }
        matching += 1
        if first.count < query.limit {
            first.insert(place)
        } else if let last = first.max, place < last {
            first.replaceMax(with: place)
        }
    }

    /// One that closed since it was seen is left out.
    private func page(on relay: Relay) -> ConnectionPage {
        let readings = first.unordered.compactMap { place in
            relay.connection(place.ref).map { ConnectionReading($0, at: place, now: now) }
        }
        return ConnectionPage(connections: readings, matching: matching)
    }
}
