import Synchronization

/// Answers scrapes of a registry, and measures what they cost. Two at once wait for each other, so call it from a
/// thread that carries nothing urgent.
public final class MetricExposition: Sendable {
    private struct Memory {
        var snapshot = MetricSnapshot()
        var encoder = PrometheusTextEncoder()
        var text: [UInt8] = []
        var compressed: [UInt8] = []
    }

    private let registry: MetricRegistry
    private let own: ExpositionMetrics
    // Kept from scrape to scrape. An answer still held by its reader at the next scrape costs that one a copy.
    private let memory = Mutex(Memory())

    /// - Parameter selfPrefix: begins the names of the exposition's own metrics, such as `myservice_telemetry_`.
    public init(registry: MetricRegistry, selfPrefix: String) throws(MetricDeclarationError) {
        self.registry = registry
        own = try ExpositionMetrics(registry: registry, prefix: selfPrefix)
    }

    /// The whole of `/metrics`.
    /// - Parameter acceptEncoding: the request's header, its values joined by commas.
    public func scrape(acceptEncoding: String?) -> ScrapeResponse {
        let clock = ContinuousClock()
        let start = clock.now
        let response = memory.withLock { memory in
            fill(&memory)
            return answer(&memory, gzip: AcceptEncoding.allowsGzip(acceptEncoding))
        }
        own.scrapeDuration.observe(UInt64((clock.now - start) / .nanoseconds(1)))
        return response
    }

    private func fill(_ memory: inout Memory) {
        registry.read(into: &memory.snapshot)
        memory.text.removeAll(keepingCapacity: true)
        memory.encoder.encode(memory.snapshot, into: &memory.text)
        own.lines.set(Double(memory.snapshot.lineCount))
        own.bodyBytes.set(Double(memory.text.count))
    }

    private func answer(_ memory: inout Memory, gzip: Bool) -> ScrapeResponse {
        memory.compressed.removeAll(keepingCapacity: true)
        if gzip, (try? Gzip.compress(memory.text, into: &memory.compressed)) != nil {
            return ScrapeResponse(body: memory.compressed, contentEncoding: "gzip")
        }
        return ScrapeResponse(body: memory.text, contentEncoding: nil)
    }
}

public struct ScrapeResponse: Sendable, Equatable {
    public let body: [UInt8]
    public let contentType = PrometheusTextEncoder.contentType
    /// nil: the header is absent. Send `Vary: Accept-Encoding` either way.
    public let contentEncoding: String?
}
