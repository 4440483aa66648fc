import Logging

/// What the `event` of a log line may be: the security events of the MoltRelay drafts, and
/// what an operator changed. docs/logging.md has the table; a test holds the two together.
enum AuditEvent: String, CaseIterable {
    case tlsFailure = "tls_failure"
    case connectionEstablished = "connection_established"
    case connectionClosed = "connection_closed"
    case authSuccess = "auth_success"
    case authFailure = "auth_failure"
    case rateLimit = "rate_limit"
    case proxyHeader = "proxy_header"
    case replay
    /// A message in another agent's name.
    case impersonation
    /// By HTTP without the token, or from a page of another origin.
    case orderRefused = "order_refused"
    case logLevelChanged = "log_level_changed"
    case connectionsClosed = "connections_closed"
    case queuePurged = "queue_purged"
    case queueImported = "queue_imported"
    case drainOrdered = "drain_ordered"
    case drainResumed = "drain_resumed"
    case agentBlocked = "agent_blocked"
    case agentUnblocked = "agent_unblocked"
    case agentUnpinned = "agent_unpinned"
    case reloadOrdered = "reload_ordered"
    case certificateIssued = "certificate_issued"
    case certificateOrderFailed = "certificate_order_failed"

    /// That of the drafts, where they name one. Lines that repeat are held back and counted from `info` on.
    var level: Logger.Level {
        switch self {
        case .connectionClosed: .debug
        case .connectionEstablished, .authSuccess: .info
        case .logLevelChanged, .connectionsClosed, .queuePurged, .queueImported, .drainOrdered, .drainResumed,
            .agentBlocked, .agentUnblocked, .agentUnpinned, .reloadOrdered, .certificateIssued:
            .notice
        case .tlsFailure, .authFailure, .rateLimit, .proxyHeader, .impersonation, .orderRefused,
            .certificateOrderFailed:
            .warning
        case .replay: .error
        }
    }

    var message: Logger.Message {
        switch self {
        case .tlsFailure: "no TLS with a client"
        case .connectionEstablished: "connection established"
        case .connectionClosed: "agent disconnected"
        case .authSuccess: "agent connected"
        case .authFailure: "agent refused"
        case .rateLimit: "limit reached"
        case .proxyHeader: "proxy header refused"
        case .replay: "authentication replayed"
        case .impersonation: "message in another agent's name"
        case .orderRefused: "admin request refused"
        case .logLevelChanged: "log level changed"
        case .connectionsClosed: "connections closed by hand"
        case .queuePurged: "queue purged by hand"
        case .queueImported: "queue imported"
        case .drainOrdered: "drain ordered by hand"
        case .drainResumed: "drain ended by hand"
        case .agentBlocked: "agent blocked by hand"
        case .agentUnblocked: "agent unblocked by hand"
        case .agentUnpinned: "agent unpinned by hand"
        case .reloadOrdered: "reload ordered by hand"
        case .certificateIssued: "certificate issued"
        case .certificateOrderFailed: "no certificate from the authority"
        }
    }
}

extension Logger {
    /// - Parameters:
    ///   - level: another than the event's own.
    ///   - message: likewise.
    func audit(
        _ event: AuditEvent,
        level: Logger.Level? = nil,
        message: Logger.Message? = nil,
        _ fields: @autoclosure () -> Logger.Metadata
    ) {
        log(
            level: level ?? event.level,
            message ?? event.message,
            metadata: fields().merging(["event": "\(event.rawValue)"]) { $1 }
        )
    }
}
