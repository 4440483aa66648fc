import Foundation
import Identity
import Logging
import NIOCore
import NIOHTTP1
import RelayCore
import RelayTransport
import Telemetry
import Testing
import WireProtocol

@testable import RelayAdmin
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

    private func written(_ write: (ConnectionLog) -> Void) throws -> [[String: Any]] {
        let path = FileManager.default.temporaryDirectory.appending(path: "audit-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let log = try LogBackend(.file(path: path), format: .json, level: .debug, repetition: nil)
        let connections = ConnectionLog(Logger(label: "test") { log.handler(label: $0) }, relayID: "relay-1")
        write(connections)
        #expect(log.close(within: .seconds(60)))
        return try contents(path).split(separator: "\n").compactMap { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }
    }

    private func written() throws -> [[String: Any]] {
        try written { log in
            for entry in Self.entries { log.write(entry, "192.0.2.1") }
            log.orderRefused(.unauthorized, Self.asked("/v1/drain"))
        }
    }

    private static func asked(_ uri: String) -> AdminRequest {
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: uri)
        return AdminRequest(head, body: ByteBuffer(), peer: try? SocketAddress(ipAddress: "192.0.2.1", port: 1))
    }

    @Test func thePageNamesEveryEventWithItsLevel() throws {
        let levels = try documented().mapValues(\.level)
        let expected = AuditEvent.allCases.map { ($0.rawValue, $0.level.rawValue) }
        #expect(levels == Dictionary(uniqueKeysWithValues: expected))
    }

    @Test func everyLineHasTheFieldsThatThePageNames() throws {
        let rows = try documented()
        let lines = try written()
        #expect(lines.count == Self.entries.count + 1)
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
                "handshake_timeout", "slow_consumer", "unauthorized",
            ]
        )
    }

    /// A path is whatever somebody without the token likes to write into the log.
    @Test func aRefusedOrderSaysWhatWasAskedAndNoMore() throws {
        let evil = "/v1/agents/\u{9B}31m\"\u{2028}" + String(repeating: "e\u{301}", count: 5_000)
        let lines = try written { log in
            log.orderRefused(.foreignPage, Self.asked("/v1/drain?token=sesame"))
            log.orderRefused(.unauthorized, Self.asked(evil))
        }
        #expect(lines.count == 2, "a line each, whatever is in them")
        #expect(lines.map { $0["method"] as? String } == ["POST", "POST"])
        #expect(lines.map { $0["reason"] as? String } == ["foreign_page", "unauthorized"])
        #expect(lines[0]["path"] as? String == "/v1/drain")
        let path = try #require(lines[1]["path"] as? String)
        #expect(path.unicodeScalars.elementsEqual(evil.unicodeScalars.prefix(256)))
    }
}
