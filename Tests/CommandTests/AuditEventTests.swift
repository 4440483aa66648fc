import Foundation
import Identity
import Logging
import RelayCore
import RelayTransport
import Telemetry
import Testing
import WireProtocol

@testable import moltrelay

@Suite struct AuditEventTests {
    private struct Row: Equatable {
        var level: String
        /// Required ones, and those in parentheses.
        var fields: Set<String>
        var optional: Set<String>
    }

    private static let agent = AgentHash(agentID: "alice")
    private static let entries: [ConnectionJournal.Entry] = [
        .opened, .turnedAway(.connectionsPerIP), .proxyRefused(.untrusted),
        .connected(agent: agent, extensions: [.batching], handshake: 2_000_000),
        .refused(agent: agent, code: .signatureInvalid), .refused(agent: nil, code: .tooManyConnections),
        .replayed(agent: agent), .messageRateExceeded(agent: agent), .impersonated(agent: agent),
        .disconnected(agent: nil, reason: .handshakeTimeout, lasted: 0),
        .disconnected(agent: agent, reason: .slowConsumer, lasted: 0),
    ]

    /// The table of docs/logging.md: `| `name` | level | fields | when |`.
    private func documented() throws -> [String: Row] {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/logging.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let section = try #require(text.components(separatedBy: "## Security events").last)
        var rows: [String: Row] = [:]
        for line in section.split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let names = cells[2].split(separator: ", ").map(String.init)
            let optional = names.filter { $0.hasPrefix("(") }.map { $0.filter { !"()`".contains($0) } }
            rows[cells[0].filter { $0 != "`" }] = Row(
                level: cells[1],
                fields: Set(names.filter { !$0.hasPrefix("(") }.map { $0.filter { $0 != "`" } }),
                optional: Set(optional)
            )
        }
        return rows
    }

    private func written() throws -> [[String: Any]] {
        let path = FileManager.default.temporaryDirectory.appending(path: "audit-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let log = try LogBackend(.file(path: path), format: .json, level: .debug, repetition: nil)
        let connections = ConnectionLog(Logger(label: "test") { log.handler(label: $0) }, relayID: "relay-1")
        for entry in Self.entries { connections.write(entry, "192.0.2.1") }
        #expect(log.close(within: .seconds(60)))
        return try contents(path).split(separator: "\n").compactMap { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }
    }

    @Test func thePageNamesEveryEventWithItsLevel() throws {
        let levels = try documented().mapValues(\.level)
        let expected = AuditEvent.allCases.map { ($0.rawValue, $0.level.rawValue) }
        #expect(levels == Dictionary(uniqueKeysWithValues: expected))
    }

    @Test func everyLineHasTheFieldsThatThePageNames() throws {
        let rows = try documented()
        let lines = try written()
        #expect(lines.count == Self.entries.count)
        for line in lines {
            let row = try #require(rows[line["event"] as? String ?? ""], "\(line)")
            let fields = Set(line.keys).subtracting(["timestamp", "level", "message", "logger", "event", "relay_id"])
            #expect(row.fields.isSubset(of: fields) && fields.isSubset(of: row.fields.union(row.optional)), "\(line)")
            #expect(line["relay_id"] as? String == "relay-1")
        }
    }

    @Test func nobodyIsNamedAndOneClientIsToldFromAnother() throws {
        let lines = try written()
        #expect(Set(lines.compactMap { $0["client_ip_hash"] as? String }).count == 1)
        #expect(!lines.contains { "\($0)".contains("192.0.2.1") || "\($0)".contains("alice") })
    }

    @Test func reasonsAreTheDraftsWords() throws {
        let reasons = try written().compactMap { $0["reason"] as? String }
        #expect(
            reasons == [
                "max_connections_per_ip", "untrusted", "signature_invalid", "too_many_connections", "message_rate",
                "handshake_timeout", "slow_consumer",
            ]
        )
    }
}
