import Foundation
import RelayCore
import RelayTelemetry
import Telemetry
import Testing

@Suite struct CatalogueTests {
    @Test func everySeriesIsAtZeroOnTheFirstScrape() throws {
        let relay = try ObservedRelay(loops: 3)
        let first = relay.samples()
        for declaration in RelayCatalogue.declarations() {
            let own = first.filter { name(of: $0.key, is: declaration) }
            #expect(own.count == lines(of: declaration), "\(declaration.name)")
            // What tells of the start itself.
            let told = [
                "moltrelay_build_info", "moltrelay_scrape_in_progress", "moltrelay_disk_free_bytes",
                "moltrelay_config_last_reload_success", "moltrelay_store_backend",
            ]
            let movesByItself = declaration.name.hasPrefix("process_") || told.contains(declaration.name)
            #expect(movesByItself || own.values.allSatisfy { $0 == 0 }, "\(declaration.name)")
        }
        let expected = RelayCatalogue.declarations().map(lines).reduce(0, +)
        #expect(first.count == expected)
        #expect(first[#"moltrelay_build_info{version="0.1.0",swift="6.3"}"#] == 1)
        #expect(relay.samples()["moltrelay_scrape_series"] == Double(expected))
    }

    @Test func theGuidesNamesCarryNoLabels() throws {
        let names = [
            "connections_active", "connection_errors_total", "messages_total", "message_latency", "queue_depth",
        ]
        for name in names {
            let declaration = try #require(RelayCatalogue.declarations().first { $0.name == "moltrelay_" + name })
            #expect(declaration.labels.isEmpty)
        }
        let latency = try #require(RelayCatalogue.declarations().first { $0.name == "moltrelay_message_latency" })
        guard case .histogram(let bounds) = latency.kind else {
            Issue.record("moltrelay_message_latency is no histogram")
            return
        }
        #expect(Set([0.000_05, 0.01, 0.05, 0.1]).isSubset(of: bounds))
    }

    @Test func promtoolHasNothingToSay() throws {
        #expect(try Promtool.complaints(about: ObservedRelay().scrape()) == [])
        #expect(try !Promtool.complaints(about: Array("# TYPE a counter\na 1\n".utf8)).isEmpty)
    }

    @Test func tablesAreReadAtEachScrape() throws {
        let relay = try ObservedRelay()
        var loops = RelayReadings.Loops()
        loops.connections = 3
        loops.messagesInFlight = 4
        loops.outboxBytes = 5
        loops.committingBytes = 6
        relay.set(loops)
        relay.set(
            StoreTotals(messages: 7, bytes: 800, oldestAcceptedAt: ObservedRelay.wallClock - 2_500, recovered: 9)
        )
        var logs = RelayReadings.Logs()
        (logs.written, logs.dropped, logs.writeErrors, logs.heldBack) = (10, 11, 12, 13)
        relay.set(logs)
        let expected: [String: Double] = [
            "connections_active": 3, "messages_in_flight": 4, "outbox_bytes": 5, "store_committing_bytes": 6,
            "queue_depth": 7, "queue_bytes": 800, "queue_oldest_age_seconds": 2.5, "messages_recovered_total": 9,
            "log_records_total": 10, "log_records_dropped_total": 11, "log_write_errors_total": 12,
            "log_records_held_back_total": 13,
        ]
        let samples = relay.samples()
        for (name, value) in expected { #expect(samples["moltrelay_" + name] == value, "\(name)") }
        var shared = StoreTotals(messages: 7, bytes: 800)
        shared.own = .init(messages: 3, bytes: 300, takenOver: 4, handedOver: 5)
        relay.set(shared)
        let own = relay.samples()
        for (name, value) in [("queue_depth", 3), ("queue_bytes", 300)] as [(String, Double)] {
            #expect(own["moltrelay_" + name] == value, "\(name)")
        }
        #expect(own["moltrelay_messages_taken_over_total"] == 4 && own["moltrelay_messages_handed_over_total"] == 5)
        relay.set(StoreTotals(oldestAcceptedAt: ObservedRelay.wallClock + 1))
        #expect(relay.samples()["moltrelay_queue_oldest_age_seconds"] == 0)
    }

    @Test func healthTurnsAreStatesAndCounts() throws {
        let relay = try ObservedRelay()
        let health = relay.instruments.health
        let turned = relay.changes {
            health.turned(check: "store", to: .pass)
            health.turned(check: "store", to: .fail)
            health.turned(check: "listeners", to: .pass)
            health.turned(check: "disk", to: .warn)
            health.turned(check: "clock", to: .warn)
            health.turned(check: "clock", to: .pass)
            health.turned(check: "unheard of", to: .warn)
            health.turned(tier: "readiness", isHealthy: true)
            health.turned(tier: "unheard of", isHealthy: true)
        }
        #expect(
            turned == [
                #"moltrelay_health_transitions_total{check="store"}"#: 2,
                #"moltrelay_health_check{check="listeners"}"#: 1,
                #"moltrelay_health_transitions_total{check="listeners"}"#: 1,
                #"moltrelay_health_check{check="disk"}"#: 1,
                #"moltrelay_health_warning{check="disk"}"#: 1,
                #"moltrelay_health_transitions_total{check="disk"}"#: 1,
                #"moltrelay_health_check{check="clock"}"#: 1,
                #"moltrelay_health_transitions_total{check="clock"}"#: 2,
                #"moltrelay_health_tier{tier="readiness"}"#: 1,
            ]
        )
    }

    /// docs/health.md has a row for each check and latch, and the tests it names exist.
    @Test func theHealthPageIsCurrent() throws {
        let page = try String(contentsOf: root.appending(path: "docs/health.md"), encoding: .utf8)
        let rows = page.matches(of: /(?m)^\| `([a-z_]+)` \|.*\| ([^|]+) \|$/)
        #expect(rows.map { String($0.1) } == RelayCatalogue.healthChecks)
        let folder = root.appending(path: "Tests/EndToEndTests")
        let tests = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "swift" }.map { try String(contentsOf: $0, encoding: .utf8) }.joined()
        for row in rows {
            let named = row.2.matches(of: /`(\w+)`/).map { String($0.1) }
            #expect(!named.isEmpty, "no test makes \(row.1) say no")
            for test in named { #expect(tests.contains("func \(test)("), "\(row.1): no test \(test)") }
        }
    }

    private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test func theReferencePageIsCurrent() throws {
        let page = try String(contentsOf: root.appending(path: "docs/metrics.md"), encoding: .utf8)
        #expect(page == MetricsPage.markdown())
    }

    private func name(of sample: String, is declaration: MetricDeclaration) -> Bool {
        let name = sample.prefix { $0 != "{" }
        guard case .histogram = declaration.kind else { return name == declaration.name }
        return ["_bucket", "_sum", "_count"].contains { name == declaration.name + $0 }
    }

    private func lines(of declaration: MetricDeclaration) -> Int {
        guard case .histogram(let bounds) = declaration.kind else { return declaration.combinationCount }
        return declaration.combinationCount * (bounds.count + 3)
    }
}
