public import NIOCore
public import RelayCore

/// The event loops that carry messages, each with a relay of its own.
public final class DataLoops: Sendable {
    public let group: any EventLoopGroup
    public let loops: [DataLoop]
    public let clock: RelayClock
    /// Of the listener that gives them connections.
    public let accepting = AcceptState()

    public init(group: any EventLoopGroup, clock: RelayClock = RelayClock()) {
        self.group = group
        self.clock = clock
        loops = group.makeIterator().enumerated().map { index, eventLoop in
            DataLoop(index: index, eventLoop: eventLoop, clock: clock)
        }
    }

    /// Gives each loop its relay.
    /// - Parameter observer: makes the observer of the loop with that index.
    public func start(
        settings: RelaySettings,
        store: (any MessageStore)?,
        rates: MessageRates? = nil,
        observer: @escaping @Sendable (Int) -> any RelayObserver
    ) -> EventLoopFuture<[RelayGauges]> {
        let ledger = HandOverLedger(loops: loops.count)
        let loops = loops
        let started = loops.map { loop in
            loop.eventLoop.submit {
                let relay = Relay(
                    loop: loop.index,
                    loops: loops.count,
                    settings: settings,
                    store: store,
                    port: loop,
                    ledger: ledger,
                    rates: rates,
                    observer: observer(loop.index)
                )
                loop.adopt(relay, among: loops)
                return relay.gauges
            }
        }
        return EventLoopFuture.whenAllSucceed(started, on: group.next())
    }

    /// Limits what agents send from now on, those connected too; nil is no limit.
    public func limit(by rates: MessageRates?) {
        for loop in loops { loop.perform { $0.limit(by: rates) } }
    }

    func loop(of eventLoop: any EventLoop) -> DataLoop? { loops.first { $0.eventLoop === eventLoop } }
}
