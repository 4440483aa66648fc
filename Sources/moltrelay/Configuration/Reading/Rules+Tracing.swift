import HTTPClient

extension Rule {
    static let tracing = [
        collector("tracing.jaeger.endpoint") { $0.sendsToJaeger ? $0.jaeger.endpoint : nil },
        collector("tracing.otlp.endpoint") { $0.otlp.endpoint },
        warning("tracing.enabled", "tracing.jaeger.enabled", "tracing.otlp.endpoint") { draft, _ in
            let tracing = draft.configuration.tracing
            guard tracing.enabled, !tracing.sendsToJaeger, tracing.otlp.endpoint == nil else { return nil }
            return
                "tracing.enabled: true with tracing.jaeger.enabled: false and no tracing.otlp.endpoint makes spans and "
                + "sends them nowhere"
        },
    ]

    private static func collector(
        _ key: String,
        _ endpoint: @escaping @Sendable (Configuration.Tracing) -> String?
    ) -> Rule {
        error(key, "tracing.enabled") { draft, _ in
            guard draft.configuration.tracing.enabled, let text = endpoint(draft.configuration.tracing) else {
                return nil
            }
            do {
                _ = try HTTPEndpoint(text)
                return nil
            } catch {
                return "\(key): \(quote(text)) \(error)"
            }
        }
    }
}
