import Synchronization

/// Answers scrapes of a registry, and measures what they cost. Two at once wait for each other, so call it from a
/// thread that carries nothing urgent.
public final class MetricExposition: Sendable {
    private struct Memory {
        var snapshot = MetricSnapshot()
        var protobuf = ProtobufEncoder()
        var body: [UInt8] = []
        var compressed: [UInt8] = []
    }

    private let registry: MetricRegistry
    private let own: ExpositionMetrics
    // Kept from scrape to scrape. An answer still held by its reader at the next scrape costs that one a copy.
    private let memory = Mutex(Memory())

    /// - Parameter selfPrefix: begins the names of the exposition's own metrics, such as `myservice_`.
    public init(registry: MetricRegistry, selfPrefix: String) throws(MetricDeclarationError) {
        self.registry = registry
        own = try ExpositionMetrics(registry: registry, prefix: selfPrefix)
    }

    /// The whole of `/metrics`.
    /// - Parameters:
    ///   - accept: the request's header, its values joined by commas.
    ///   - acceptEncoding: the same.
    /// - Returns: nil where the request refuses every format: 406.
    public func scrape(accept: String? = nil, acceptEncoding: String? = nil) -> ScrapeResponse? {
        guard let format = ExpositionFormat.negotiated(accept) else { return nil }
        let clock = ContinuousClock()
        let start = clock.now
        own.began()
        let response = memory.withLock { memory in
            fill(&memory, format)
            return answer(&memory, format, gzip: AcceptEncoding.allowsGzip(acceptEncoding))
        }
        own.ended(response, nanoseconds: UInt64((clock.now - start) / .nanoseconds(1)))
        return response
    }

    private func fill(_ memory: inout Memory, _ format: ExpositionFormat) {
        registry.read(into: &memory.snapshot)
        memory.body.removeAll(keepingCapacity: true)
        switch format {
        case .text: PrometheusTextEncoder().encode(memory.snapshot, into: &memory.body)
        case .openMetrics: PrometheusTextEncoder(openMetrics: true).encode(memory.snapshot, into: &memory.body)
        case .protobuf: memory.protobuf.encode(memory.snapshot, into: &memory.body)
        }
        own.wrote(bytes: memory.body.count, series: memory.snapshot.lineCount, format)
    }

    private func answer(_ memory: inout Memory, _ format: ExpositionFormat, gzip: Bool) -> ScrapeResponse {
        memory.compressed.removeAll(keepingCapacity: true)
        if gzip, (try? Gzip.compress(memory.body, into: &memory.compressed)) != nil {
            return ScrapeResponse(format: format, body: memory.compressed, contentEncoding: "gzip")
        }
        return ScrapeResponse(format: format, body: memory.body, contentEncoding: nil)
    }
}

public struct ScrapeResponse: Sendable, Equatable {
    public let format: ExpositionFormat
    public let body: [UInt8]
    /// nil: the header is absent. Send `Vary: Accept, Accept-Encoding` either way.
    public let contentEncoding: String?
}
