/// What settings can ask for and a build may lack. The relay never starts on half of what it was told: what is not
/// built is refused by key and line, or warned of where ignoring it loses nothing but a signal or a saving.
enum Feature: String, Sendable, CaseIterable {
    case tls, acme, redis, postgres, cluster, kafka, compression, tracing

    /// Of this build. A name added here switches on every setting that asks for it, and what the reference says.
    static let built: Set<Feature> = [.acme, .compression, .tls, .tracing]

    var isBuilt: Bool { Self.built.contains(self) }

    /// As in "asks for …".
    var title: String {
        switch self {
        case .tls: "TLS on the listeners"
        case .acme: "certificates from an ACME authority"
        case .redis: "the Redis queue"
        case .postgres: "the PostgreSQL queue"
        case .cluster: "clustering"
        case .kafka: "messages between regions over Kafka"
        case .compression: "compression"
        case .tracing: "traces"
        }
    }

    /// Nothing that was acknowledged, kept secret or promised depends on it.
    var canBeIgnored: Bool {
        switch self {
        case .compression, .tracing: true
        case .tls, .acme, .redis, .postgres, .cluster, .kafka: false
        }
    }

    /// What a build without it does, and what to do about that.
    var advice: String {
        switch self {
        case .tls:
            "The listeners speak no TLS in this build. Put a proxy that ends TLS in front of the relay and say "
                + "`server.tls.enabled: false`, or remove the key and listen on 127.0.0.1."
        case .acme:
            "This build obtains no certificates. Say `server.tls.auto_cert: false` and let the proxy that ends TLS "
                + "obtain them."
        case .redis, .postgres:
            "This build queues in SQLite or in memory. Say `queue.storage: sqlite`; one relay then owns its queue."
        case .cluster:
            "This build is one relay that knows no other. Say `cluster.enabled: false`: a second relay would "
                + "acknowledge messages into a queue that the first never reads."
        case .kafka:
            "This build moves no messages between regions. Remove the section `kafka`."
        case .compression:
            "No `compression:*` extension is offered in a handshake, so agents send uncompressed and nothing is lost "
                + "but bandwidth: a warning, no refusal. Say `messages.compression: false` to silence it."
        case .tracing:
            "No spans are recorded or sent; messages with a trace context are relayed with it unchanged."
        }
    }
}
