import Glibc
import HTTPClient
import Logging
import NIOCore
import RelayTLS
import RelayTelemetry
import Synchronization
import Telemetry

/// One collector that the configuration names, and how it does.
struct TraceCollector: Sendable {
    let name: TraceExporter
    let exporter: SpanExporter

    /// A relay that is to stop waits for one answer under way.
    private static let limits = {
        var limits = HTTPClient.Limits()
        limits.connect = .seconds(2)
        limits.request = .seconds(5)
        return limits
    }()

    static func all(_ configuration: Configuration, on loop: any EventLoop, logger: Logger) throws -> [TraceCollector] {
        let tracing = configuration.tracing
        let resource = configuration.traceResource
        var collectors: [TraceCollector] = []
        if tracing.sendsToJaeger {
            let endpoint = try HTTPEndpoint(tracing.jaeger.endpoint, defaultPort: 80)
            let format = SpanFormat.jaeger(JaegerBatch(resource: resource))
            collectors.append(try TraceCollector(.jaeger, endpoint, format, on: loop, logger))
        }
        if let text = tracing.otlp.endpoint {
            var endpoint = try HTTPEndpoint(text, defaultPort: 80)
            if endpoint.path == "/" { endpoint.path = "/v1/traces" }
            let format: SpanFormat =
                switch tracing.otlp.encoding {
                case .protobuf: .otlpProtobuf(OTLPProtobuf(resource: resource))
                case .json: .otlpJSON(OTLPJSON(resource: resource))
                }
            collectors.append(try TraceCollector(.otlp, endpoint, format, on: loop, logger))
        }
        return collectors
    }

    private init(
        _ name: TraceExporter,
        _ endpoint: HTTPEndpoint,
        _ format: SpanFormat,
        on loop: any EventLoop,
        _ logger: Logger
    ) throws {
        self.name = name
        let tls = endpoint.isTLS ? try TLSClient() : nil
        let client = HTTPClient(endpoint.origin, on: loop, limits: Self.limits, tls: tls)
        let log = CollectorLog(logger, name: name, address: "\(endpoint.origin)\(endpoint.path)")
        exporter = SpanExporter(queue: SpanQueue(), format: format) { request in
            do {
                let headers = [("Content-Type", request.contentType), ("User-Agent", "moltrelay")]
                let response = try await client.post(endpoint.path, headers: headers, body: request.body)
                log.answered(response.status)
                return ExportAnswer(status: response.status, retryAfterSeconds: response.retryAfterSeconds)
            } catch {
                log.failed(error)
                return .unavailable(retryAfter: nil)
            }
        }
    }
}

/// Says when a collector stops taking spans, and when it takes them again: two lines, however often it is tried.
private final class CollectorLog: Sendable {
    private let logger: Logger
    private let fields: Logger.Metadata
    private let isWell = Mutex(true)

    init(_ logger: Logger, name: TraceExporter, address: String) {
        self.logger = logger
        fields = ["exporter": "\(name.rawValue)", "endpoint": "\(address)"]
    }

    func answered(_ status: Int) {
        if (200..<300).contains(status) { recovered() } else { turnedBad("it answered \(status)") }
    }

    func failed(_ error: any Error) {
        // The end of the process, not the collector's.
        if !(error is CancellationError) { turnedBad("\(error)") }
    }

    private func recovered() {
        guard turns(to: true) else { return }
        logger.notice("trace collector takes spans again", metadata: fields)
    }

    private func turnedBad(_ reason: String) {
        guard turns(to: false) else { return }
        logger.warning("trace collector takes no spans", metadata: fields.merging(["reason": "\(reason)"]) { $1 })
    }

    private func turns(to value: Bool) -> Bool {
        isWell.withLock { isWell in
            defer { isWell = value }
            return isWell != value
        }
    }
}

extension Configuration {
    fileprivate var traceResource: TraceResource {
        TraceResource(
            service: "moltrelay",
            fields: [
                SpanField("service.instance.id", auth.relayID), SpanField("service.version", BuildIdentity.version),
                SpanField("process.pid", getpid()),
            ],
            scope: "moltrelay",
            version: BuildIdentity.version
        )
    }
}
