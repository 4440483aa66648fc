import FoundationEssentials
import Glibc

/// What a relay keeps between two starts: configuration, database, admin socket. Removed with its last user.
final class RelayFolder: Sendable {
    /// Short, because a Unix socket's path holds 107 bytes.
    let path: String
    var configuration: String { path + "/config.yaml" }
    var database: String { path + "/relay.db" }

    /// - Parameter settings: dotted keys over those of `defaults`.
    init(_ settings: [String: JSON] = [:]) throws {
        var template = Array("/tmp/moltrelay-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ChildProcess.CannotStart(description: "mkdtemp") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        try configure(settings)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Rates are off: a test connects as fast as it can, all from one address.
    private static let defaults: [String: JSON] = [
        "server.listen.websocket": "127.0.0.1:0",
        "server.listen.http": "127.0.0.1:0",
        "server.listen.metrics": "127.0.0.1:0",
        "server.tls.enabled": false,
        "server.drain.readiness_delay_ms": 0,
        "auth.relay_id": "relay-under-test",
        "auth.require_auth": true,
        "auth.allow_anonymous": true,
        "limits.connections_per_ip_per_second": 0,
        "limits.connections_per_agent_per_minute": 0,
        "limits.connection_rate_per_second": 0,
        "messages.compression": false,
        "queue.storage": "sqlite",
        "queue.max_share_per_sender": 1,
        "logging.level": "info",
        "logging.format": "json",
        "logging.output": "stdout",
        "tracing.enabled": false,
    ]

    /// JSON is YAML, so this is the file a user could write. A key set to null is left out.
    func configure(_ settings: [String: JSON]) throws {
        var document = JSON.object([:])
        for (key, value) in Self.defaults.merging(settings, uniquingKeysWith: { $1 }) where value != .null {
            document = Self.setting(key.split(separator: ".")[...], to: value, in: document)
        }
        try Data(document.text().utf8).write(to: URL(filePath: configuration))
    }

    private static func setting(_ keys: ArraySlice<Substring>, to value: JSON, in section: JSON) -> JSON {
        guard let first = keys.first else { return value }
        var section = section
        section[String(first)] = setting(keys.dropFirst(), to: value, in: section[String(first)])
        return section
    }

    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: path + "/" + name))
        return path + "/" + name
    }
}
