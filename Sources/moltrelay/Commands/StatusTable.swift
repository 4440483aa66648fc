import RelayAdmin

/// A relay's status for people. Scripts use the JSON; this may change from version to version.
struct StatusTable {
    private let status: StatusDocument

    init(_ status: StatusDocument) { self.status = status }

    /// Without a newline at its end.
    var text: String {
        let rows = [
            ("relay", [relay]), ("state", [state]), ("ready", [readiness]), ("listeners", listeners),
            ("connections", [connections]), ("messages", [messages]), ("queue", [queue]), ("store", [store]),
            ("event loops", eventLoops),
        ]
        return rows.flatMap { lines(under: $0.0, $0.1) }.joined(separator: "\n")
    }

    private func lines(under title: String, _ values: [String]) -> [String] {
        values.enumerated().map { index, value in
            let label = index == 0 ? title : ""
            return label + String(repeating: " ", count: 13 - label.count) + value
        }
    }

    private var relay: String {
        "\(status.relayID ?? "(no id)"), version \(status.version), process \(status.processID)"
    }

    private var state: String { "\(status.state.rawValue), up for \(longDuration(status.uptimeSeconds))" }

    private var readiness: String {
        guard !status.health.ready || !status.health.live else { return "yes" }
        return "no: " + status.health.failing.joined(separator: ", ")
    }

    private var listeners: [String] {
        let width = status.listeners.map(\.name.count).max() ?? 0
        return status.listeners.map { listener in
            let padding = String(repeating: " ", count: width - listener.name.count)
            return "\(listener.name)\(padding)  \(listener.address)\(listener.tls ? " (TLS)" : "")"
        }
    }

    private var connections: String {
        let connections = status.connections
        return "\(connections.active) active, \(connections.authenticated) authenticated, \(connections.opened) opened"
    }

    private var messages: String {
        let messages = status.messages
        return "\(messages.accepted) accepted, \(messages.recovered) recovered, \(messages.delivered) delivered, "
            + "\(messages.expired) expired, \(messages.dropped) dropped, \(messages.inFlight) in flight"
    }

    private var queue: String {
        let oldest = status.queue.oldestAgeSeconds.map { ", the oldest for \(longDuration($0))" } ?? ""
        return "\(status.queue.messages) messages, \(status.queue.bytes) bytes\(oldest)"
    }

    private var store: String {
        guard !status.store.healthy else { return "\(status.store.kind), healthy" }
        return "\(status.store.kind), failing: \(status.store.reason ?? "no reason given")"
    }

    private var eventLoops: [String] {
        status.eventLoops.map { loop in
            "\(loop.index)  \(loop.connections) connections, \(milliseconds(loop.lagSeconds)) ms late"
        }
    }

    private func milliseconds(_ seconds: Double) -> Double { (seconds * 10_000).rounded() / 10 }
}
