import Dispatch
import Glibc
import Logging

/// The exporter's loop: one flush an interval, its datagrams spread over it, since bursts are what receive buffers
/// drop.
struct StatsdFlushes: ~Copyable {
    private static let flushesBetweenResolutions = 6

    private let registry: MetricRegistry
    private let host: String
    private let port: Int
    private let options: StatsdOptions
    private let metrics: StatsdMetrics
    private let logger: Logger
    private var snapshot = MetricSnapshot()
    private var encoder: StatsdEncoder
    private var socket = StatsdSocket()
    private var flushesSinceResolution = flushesBetweenResolutions
    /// Why something did not arrive in this flush, and whether that was told in the log.
    private var trouble: String?
    private var isTroubled = false

    init(
        registry: MetricRegistry,
        host: String,
        port: Int,
        _ options: StatsdOptions,
        _ metrics: StatsdMetrics,
        _ logger: Logger
    ) {
        self.registry = registry
        self.host = host
        self.port = port
        self.options = options
        self.metrics = metrics
        self.logger = logger
        encoder = StatsdEncoder(options: options)
    }

    mutating func run(until closing: DispatchSemaphore) {
        var isClosing = false
        var start = DispatchTime.now()
        while !isClosing {
            let datagrams = nextFlush()
            for (place, datagram) in datagrams.enumerated() {
                let offset = Self.offset(of: place, among: datagrams.count, in: options.flushInterval)
                isClosing = isClosing || closing.wait(timeout: start + offset.dispatchInterval) == .success
                send(datagram)
            }
            tellTrouble()
            start = max(start + options.flushInterval.dispatchInterval, .now())
            isClosing = isClosing || closing.wait(timeout: start) == .success
        }
        for datagram in nextFlush() { send(datagram) }
    }

    /// When a datagram of a flush is due, after its start.
    static func offset(of place: Int, among count: Int, in interval: Duration) -> Duration { interval * place / count }

    /// Nothing where there is nowhere to send it: what counters grew by then is part of a later flush.
    private mutating func nextFlush() -> [DatagramPacker.Datagram] {
        resolve()
        guard socket.isOpen else { return [] }
        registry.read(into: &snapshot)
        var packer = DatagramPacker(limit: options.limit(isLoopback: socket.isLoopback))
        encoder.encode(snapshot, into: &packer)
        metrics.oversizedLines.add(UInt64(packer.oversized))
        return packer.datagrams
    }

    /// A server may move to another address; asking each time would burden the resolver of a whole fleet.
    private mutating func resolve() {
        flushesSinceResolution += 1
        guard flushesSinceResolution > Self.flushesBetweenResolutions || !socket.isOpen else { return }
        flushesSinceResolution = 0
        guard let failure = socket.resolve(host: host, port: port) else { return }
        metrics.unresolved.add()
        trouble = failure
    }

    private mutating func send(_ datagram: DatagramPacker.Datagram) {
        var wasRefused = false
        let sending = socket.send(datagram.bytes) {
            metrics.refusedDatagrams.add()
            wasRefused = true
        }
        if wasRefused { trouble = "nobody listens there" }
        switch sending {
        case .sent:
            metrics.sentDatagrams.add()
            metrics.sentLines.add(UInt64(datagram.lines))
            metrics.sentBytes.add(UInt64(datagram.bytes.count))
        case .lost(let code):
            metrics.lostDatagrams.add()
            metrics.lostLines.add(UInt64(datagram.lines))
            trouble = String(cString: strerror(code))
        }
    }

    /// Turns only: a server that stays away is one line in the log.
    private mutating func tellTrouble() {
        defer { trouble = nil }
        guard isTroubled != (trouble != nil) else { return }
        isTroubled.toggle()
        let address = Logger.MetadataValue.string("\(host):\(port)")
        if let trouble {
            logger.warning("statsd server not reached", metadata: ["address": address, "reason": "\(trouble)"])
        } else {
            logger.notice("statsd server reached again", metadata: ["address": address])
        }
    }
}
