import Logging
import Postgres
import RelayStores
import RelayTelemetry
import Telemetry

extension Configuration.Storage.Postgres {
    /// nil where no event is to be kept there.
    func auditTable(_ logger: Logger) throws -> AuditTable? {
        guard auditRetentionDays > 0 else { return nil }
        return try AuditTable(try settings(), days: auditRetentionDays) { failure in
            if let failure {
                logger.warning("audit log is not written to PostgreSQL", metadata: ["reason": "\(failure)"])
            } else {
                logger.notice("audit log is written to PostgreSQL again")
            }
        }
    }
}

extension AuditTable {
    /// Lines with an `event`, as the JSON log has them.
    func note(_ entry: LogEntry) {
        guard let event = entry.fields["event"] else { return }
        record(
            AuditRecord(
                at: UInt64(clamping: entry.time),
                event: event.description,
                line: LogFormat.json.line(entry)
            )
        )
    }

    var reading: SelfReadings.Audit {
        let statistics = statistics
        var reading = SelfReadings.Audit()
        reading.written = UInt64(statistics.written)
        reading.lost = [
            .queueFull: UInt64(statistics.turnedAway), .refused: UInt64(statistics.refused),
            .unreachable: UInt64(statistics.left),
        ]
        return reading
    }
}
