import RelayAdmin

/// Connections for people. Scripts use the JSON; this may change from version to version.
struct ConnectionsTable {
    let document: ConnectionsDocument
    /// With whole hashes, bytes and extensions.
    let isWide: Bool

    /// Without a newline at its end.
    var text: String {
        document.connections.isEmpty ? "No connection." : rows + "\n\n" + footer
    }

    var rows: String {
        var table = TextTable(titles)
        for connection in document.connections { table.append(isWide ? wideRow(connection) : row(connection)) }
        return table.text
    }

    private var footer: String {
        let shown = document.connections.count
        guard document.matching > shown else { return counted(shown, "connection") + "." }
        return "\(shown) of \(document.matching) connections; --limit shows more."
    }

    private var titles: [(title: String, side: TextTable.Side)] {
        let first: [(String, TextTable.Side)] = [
            ("agent", .left), ("address", .left), ("state", .left), ("up", .right), ("in", .right), ("out", .right),
        ]
        let bytes: [(String, TextTable.Side)] = isWide ? [("bytes in", .right), ("bytes out", .right)] : []
        let last: [(String, TextTable.Side)] = [
            ("outbox", .right), ("lag", .right), ("heard", .right), ("session", .left),
        ]
        return first + bytes + last + (isWide ? [("extensions", .left)] : [])
    }

    private func row(_ connection: ConnectionsDocument.Connection) -> [String] {
        let agent = connection.agent.map { String($0.dropFirst("sha256:".count).prefix(16)) } ?? "-"
        return start(of: connection, agent) + end(of: connection)
    }

    private func wideRow(_ connection: ConnectionsDocument.Connection) -> [String] {
        let bytes = [byteText(connection.bytesIn), byteText(connection.bytesOut)]
        return start(of: connection, connection.agent ?? "-") + bytes + end(of: connection)
            + [connection.extensions.joined(separator: " ")]
    }

    private func start(of connection: ConnectionsDocument.Connection, _ agent: String) -> [String] {
        [
            agent, connection.address ?? "-", state(connection), elapsed(connection.seconds),
            "\(connection.messagesIn)", "\(connection.messagesOut)",
        ]
    }

    private func end(of connection: ConnectionsDocument.Connection) -> [String] {
        let pings = connection.unansweredPings
        return [
            byteText(connection.outboxBytes), connection.lagSeconds > 0 ? elapsed(connection.lagSeconds) : "-",
            elapsed(connection.unheardSeconds) + (pings == 0 ? "" : ", \(counted(pings, "ping"))"),
            connection.session ?? "-",
        ]
    }

    private func state(_ connection: ConnectionsDocument.Connection) -> String {
        connection.slowSeconds == nil ? connection.state : connection.state + ", slow"
    }
}
