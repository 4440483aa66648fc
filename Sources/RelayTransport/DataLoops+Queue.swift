public import NIOCore
public import RelayCore
public import WireProtocol

extension DataLoops {
    /// How long an import waits for the answer of each message: where a store refuses what its recipient was sent, that
    /// comes minutes later.
    static let importPatience = TimeAmount.seconds(10)

    /// - Returns: how many messages were dropped.
    public func purge(_ agent: AgentHash, on eventLoop: any EventLoop) -> EventLoopFuture<Int> {
        let promise = eventLoop.makePromise(of: Int.self)
        loops[0].perform { relay in relay.purge(agent) { promise.completeWith($0.mapError { $0 as any Error }) } }
        return promise.futureResult
    }

    /// Accepts messages that no connection brought.
    public func take(_ messages: [Message], on eventLoop: any EventLoop) -> EventLoopFuture<[ImportOutcome?]> {
        let promise = eventLoop.makePromise(of: [ImportOutcome?].self)
        let loop = loops[0]
        loop.perform { relay in
            let batch = relay.take(messages) { promise.succeed($0) }
            let end = loop.eventLoop.scheduleTask(in: Self.importPatience) { loop.relay?.endImport(batch) }
            promise.futureResult.whenComplete { _ in end.cancel() }
        }
        return promise.futureResult
    }

    /// Those of the agents that are connected.
    public func connected(_ agents: [AgentHash], on eventLoop: any EventLoop) -> EventLoopFuture<Set<AgentHash>> {
        let promise = eventLoop.makePromise(of: Set<AgentHash>.self)
        loops[0].perform { relay in promise.succeed(Set(agents.filter(relay.isConnected))) }
        return promise.futureResult
    }
}
