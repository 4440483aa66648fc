public import NIOCore
public import RelayCore

/// The event loops that carry messages, each with a relay of its own.
public final class DataLoops: Sendable {
    public let group: any EventLoopGroup
    /// Set once in `init`, before another thread can see it.
    private let box: Box

    // unbounded: no. Written once, in the initialiser, before anything else holds the reference.
    private final class Box: @unchecked Sendable {
        var loops: [DataLoop] = []
    }

    public var loops: [DataLoop] { box.loops }

    public init(group: any EventLoopGroup) {
        self.group = group
        box = Box()
        box.loops = group.makeIterator().enumerated().map { index, eventLoop in
            DataLoop(index: index, eventLoop: eventLoop, others: self)
        }
    }

    /// Gives each loop its relay.
    /// - Parameter observer: makes the observer of the loop with that index.
    public func start(
        settings: RelaySettings,
        store: (any MessageStore)?,
        observer: @escaping @Sendable (Int) -> any RelayObserver
    ) -> EventLoopFuture<[RelayGauges]> {
        let ledger = HandOverLedger(loops: loops.count)
        let count = loops.count
        let started = loops.map { loop in
            loop.eventLoop.submit {
                let relay = Relay(
                    loop: loop.index,
                    loops: count,
                    settings: settings,
                    store: store,
                    port: loop,
                    ledger: ledger,
                    observer: observer(loop.index)
                )
                loop.adopt(relay)
                return relay.gauges
            }
        }
        return EventLoopFuture.whenAllSucceed(started, on: group.next())
    }

    func loop(of eventLoop: any EventLoop) -> DataLoop? { loops.first { $0.eventLoop === eventLoop } }
}
