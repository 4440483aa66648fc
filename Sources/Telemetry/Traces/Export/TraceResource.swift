/// Whose spans they are: Jaeger's process, OTLP's resource.
public struct TraceResource: Sendable, Equatable {
    public var service: String
    /// Without the service's name.
    public var fields: [SpanField]
    /// Names the code that made the spans.
    public var scope: String
    public var version: String

    public init(service: String, fields: [SpanField] = [], scope: String, version: String) {
        self.service = service
        self.fields = fields
        self.scope = scope
        self.version = version
    }

    var allFields: [SpanField] { [SpanField("service.name", service)] + fields }
}
