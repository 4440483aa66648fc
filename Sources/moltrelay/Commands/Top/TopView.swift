import RelayAdmin

/// What `moltrelay top` knows, and its lines for a screen of some size. Scripts use the JSON; this may change.
struct TopView {
    /// Connections shown.
    static let behind = 3
    private static let kept = 300

    private var overview: OverviewDocument?
    private var connections: [ConnectionsDocument.Connection] = []
    private var delivered: [Double] = []
    private var p99: [Double?] = []
    private var failure: String?

    /// Of the last sample that is known.
    private(set) var last: UInt64 = 0

    /// - Parameter furthest: connections, those with the fullest outboxes first.
    mutating func take(_ document: OverviewDocument, _ furthest: ConnectionsDocument) {
        // A relay that began anew counts from one again.
        if document.history.last < last { (delivered, p99) = ([], []) }
        overview = document
        connections = furthest.connections.filter { $0.outboxBytes > 0 }
        failure = nil
        last = document.history.last
        delivered = (delivered + document.history.delivered).suffix(Self.kept)
        p99 = (p99 + document.history.p99).suffix(Self.kept)
    }

    /// What was shown stays, and says how old it is.
    mutating func lost(_ reason: String) {
        failure = reason
        last = 0
    }

    /// - Parameter height: nil for all there is.
    func lines(width: Int, height: Int?) -> [TopLine] {
        guard let overview else { return [] }
        let lines =
            head(overview, width) + [TopLine()] + rates(overview, width) + [TopLine()] + stages(overview)
            + [TopLine()] + state(overview) + behind + [TopLine()] + health(overview)
        let cut = lines.map { $0.cut(to: width) }
        guard let height, cut.count > height else { return cut }
        return Array(cut.prefix(height))
    }

    private func head(_ overview: OverviewDocument, _ width: Int) -> [TopLine] {
        let status = overview.status
        let who = "\(status.relayID ?? "(no id)"), version \(status.version), process \(status.processID)"
        let up = ", up for \(longDuration(status.uptimeSeconds))"
        let word = stateWord(status, overview.health)
        let space = String(repeating: " ", count: max(1, width - who.count - up.count - word.width))
        let first = TopLine(who, .bold) + TopLine(up + space) + word
        guard let failure else { return [first] }
        return [first, TopLine("not reached since \(plainTime(overview.at)) UTC: \(failure)", .red)]
    }

    private func stateWord(_ status: StatusDocument, _ health: HealthDocument) -> TopLine {
        guard failure == nil else { return TopLine("[?] not reached", .red) }
        if status.state == .draining || health.latches.contains(where: { $0.name == "draining" && $0.held }) {
            return TopLine("[-] draining", .yellow)
        }
        guard status.health.live else { return TopLine("[x] not live", .red) }
        guard status.health.ready else { return TopLine("[x] not ready", .red) }
        return TopLine("[+] ready", .green)
    }

    private func rates(_ overview: OverviewDocument, _ width: Int) -> [TopLine] {
        let (rates, latency) = (overview.now.rates, overview.now.latency)
        let messages = [
            ("delivered", rates.delivered), ("accepted", rates.accepted), ("dropped", rates.dropped),
            ("expired", rates.expired),
        ]
        let counts = messages.map { "\($0.0) \(shortCount($0.1))" }.joined(separator: "   ")
        let quantiles = [("median", latency.p50), ("95 %", latency.p95), ("99 %", latency.p99)]
        let times = quantiles.map { "\($0.0) \(time($0.1))" }.joined(separator: "   ")
        let barWidth = max(10, width - 26)
        return [
            TopLine("messages a second  ", .bold) + TopLine(counts),
            TopLine("  delivered        ", .dim) + bars(delivered.map { $0 }, barWidth, .blue),
            TopLine("latency            ", .bold) + TopLine(times),
            TopLine("  99 %             ", .dim) + bars(p99, barWidth, .blue),
        ]
    }

    private func bars(_ values: [Double?], _ width: Int, _ colour: TopLine.Colour) -> TopLine {
        TopLine(Sparkline.text(values.suffix(width)), colour)
    }

    private func stages(_ overview: OverviewDocument) -> [TopLine] {
        let header = ["stage", "a second", "median", "95 %", "99 %"]
        let seconds = max(overview.now.seconds, 1)
        let rows = overview.now.stages.map { stage in
            let quantiles = stage.quantiles
            return [stage.stage, shortCount(Double(quantiles.count) / seconds)]
                + [quantiles.p50, quantiles.p95, quantiles.p99].map(time)
        }
        return ([header] + rows).enumerated().map { index, row in
            let text = row.enumerated().map { column, text in pad(text, to: column == 0 ? 12 : 11, column > 0) }
                .joined()
            return TopLine(text, index == 0 ? .dim : nil)
        }
    }

    private func state(_ overview: OverviewDocument) -> [TopLine] {
        let (status, totals) = (overview.status, overview.totals)
        let oldest = status.queue.oldestAgeSeconds.map { ", the oldest for \(longDuration($0))" } ?? ""
        let rows = [
            (
                "connections",
                "\(status.connections.active), \(status.connections.authenticated) authenticated; "
                    + "\(totals.slowConsumers) closed as slow consumers"
            ),
            ("outboxes", "\(overview.outboxBytes) bytes wait to be written"),
            ("queue", "\(status.queue.messages) messages, \(status.queue.bytes) bytes\(oldest)"),
            ("in flight", "\(status.messages.inFlight) messages"),
            ("event loops", status.eventLoops.map { "\(elapsed($0.lagSeconds)) late" }.joined(separator: ", ")),
        ]
        return rows.map { TopLine(pad($0.0, to: 19, false), .bold) + TopLine($0.1) }
    }

    private var behind: [TopLine] {
        let title = TopLine("furthest behind    ", .bold)
        guard !connections.isEmpty else { return [title + TopLine("nobody: everybody takes what is sent")] }
        return connections.enumerated().map { index, connection in
            let name = connection.agent.map { String($0.suffix(64).prefix(16)) } ?? connection.address ?? "unknown"
            let slow = connection.slowSeconds.map { TopLine(", slow for \(elapsed($0))", .red) }
            let line = "\(name): \(connection.outboxBytes) bytes, \(elapsed(connection.lagSeconds)) behind"
            let lead = index == 0 ? title : TopLine(String(repeating: " ", count: title.width))
            return lead + TopLine(line) + (slow ?? TopLine())
        }
    }

    private func health(_ overview: OverviewDocument) -> [TopLine] {
        let latches = overview.health.latches.filter(\.held).map { ($0.name, "fail", $0.reason) }
        let checks = overview.health.checks.map { ($0.name, $0.status, $0.reason) }
        let unwell = (latches + checks).filter { $0.1 != "pass" }
        guard !unwell.isEmpty else {
            return [TopLine("health             ", .bold) + TopLine("all \(checks.count) checks pass")]
        }
        return unwell.enumerated().map { index, check in
            let (name, status, reason) = check
            let word = status == "fail" ? TopLine("[x] ", .red) : TopLine("[!] ", .yellow)
            let title = TopLine(pad(index == 0 ? "health" : "", to: 19, false), .bold)
            return title + word + TopLine("\(name): \(reason ?? status)")
        }
    }

    private func time(_ seconds: Double?) -> String { seconds.map(elapsed) ?? "-" }

    private func pad(_ text: String, to width: Int, _ isRight: Bool) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return isRight ? space + text : text + space
    }
}

/// A count in three digits or so: 7.4, 128, 12.3k, 4.1M.
func shortCount(_ value: Double) -> String {
    for (size, unit) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where value >= size * (unit == "k" ? 10 : 1) {
        return "\((value / size * 10).rounded() / 10)\(unit)"
    }
    return value < 10 && value != value.rounded() ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))"
}

/// Values as bars an eighth of a line to a line high.
enum Sparkline {
    private static let levels: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// Nothing where there is no value, the lowest bar for zero.
    static func text(_ values: some Collection<Double?>) -> String {
        let most = values.compactMap { $0 }.max() ?? 0
        return String(
            values.map { value in
                guard let value else { return " " }
                guard most > 0 else { return levels[0] }
                return levels[min(7, Int((value / most * 7).rounded()))]
            }
        )
    }
}
