import Dispatch
public import Logging

/// Sends a registry to a statsd server over UDP, on a thread of its own that nobody waits for. It runs until `close`.
public final class StatsdExporter: Sendable {
    private let closing = DispatchSemaphore(value: 0)
    private let closed = DispatchSemaphore(value: 0)

    /// - Parameter host: a name or an address. One that has no address yet is asked for again at each flush.
    public init(
        registry: MetricRegistry,
        host: String,
        port: Int,
        options: StatsdOptions,
        metrics: StatsdMetrics,
        logger: Logger
    ) {
        DispatchQueue(label: "statsd").async { [closing, closed] in
            var flushes = StatsdFlushes(registry: registry, host: host, port: port, options, metrics, logger)
            flushes.run(until: closing)
            closed.signal()
        }
    }

    /// Sends at once what came since the last flush. A resolver that does not answer is not waited for.
    public func close(within patience: Duration = .seconds(1)) {
        closing.signal()
        _ = closed.wait(timeout: .now() + patience.dispatchInterval)
    }
}

extension Duration {
    var dispatchInterval: DispatchTimeInterval { .nanoseconds(Int(self / .nanoseconds(1))) }
}
