import RelayTelemetry
import Testing

@testable import Telemetry

@Suite struct SelfReadingsTests {
    @Test func lossesAreToldBySignalAndCause() throws {
        let relay = try ObservedRelay()
        let changes = relay.changes {
            var logs = RelayReadings.Logs()
            logs.dropped = 5
            relay.set(logs)
            relay.loseSpans(.unreachable, 3)
            relay.loseSpans(.queueFull, 2)
            var audit = SelfReadings.Audit()
            (audit.written, audit.lost) = (7, [.queueFull: 4, .refused: 1])
            relay.set(audit)
        }
        #expect(
            changes == [
                "moltrelay_log_records_dropped_total": 5,
                #"moltrelay_telemetry_lost_total{signal="logs",cause="queue_full"}"#: 5,
                #"moltrelay_telemetry_lost_total{signal="traces",cause="unreachable"}"#: 3,
                #"moltrelay_telemetry_lost_total{signal="traces",cause="queue_full"}"#: 2,
                "moltrelay_audit_records_total": 7,
                #"moltrelay_telemetry_lost_total{signal="audit",cause="queue_full"}"#: 4,
                #"moltrelay_telemetry_lost_total{signal="audit",cause="refused"}"#: 1,
            ]
        )
    }

    /// Nobody listens: every datagram is sent, and comes back.
    @Test func aStatsdServerThatIsNotThereIsALoss() throws {
        let relay = try ObservedRelay()
        let statsd = relay.instruments.statsd
        let changes = relay.changes {
            statsd.refusedDatagrams.add(3)
            statsd.lostLines.add(4)
            statsd.oversizedLines.add(5)
        }
        #expect(
            changes.filter { $0.key.hasPrefix("moltrelay_telemetry_lost_total") } == [
                #"moltrelay_telemetry_lost_total{signal="statsd",cause="refused"}"#: 3,
                #"moltrelay_telemetry_lost_total{signal="statsd",cause="unreachable"}"#: 4,
                #"moltrelay_telemetry_lost_total{signal="statsd",cause="too_large"}"#: 5,
            ]
        )
    }

    @Test func aRefusedConfigurationIsTold() throws {
        let relay = try ObservedRelay()
        #expect(relay.samples()["moltrelay_config_last_reload_success"] == 1)
        var configuration = SelfReadings.Configuration()
        configuration.isTaken = false
        configuration.hash = 0xFFFF_FFFF_FFFF
        configuration.takenAt = 1_700_000_000.5
        relay.set(configuration)
        let samples = relay.samples()
        #expect(samples["moltrelay_config_last_reload_success"] == 0)
        #expect(samples["moltrelay_config_hash"] == 281_474_976_710_655)
        #expect(samples["moltrelay_config_last_reload_timestamp_seconds"] == 1_700_000_000.5)
        #expect(samples[#"moltrelay_disk_free_bytes{volume="log"}"#] == 1_073_741_824)
    }
}
