import Identity
import LibCrypto
import RelayTelemetry
import Synchronization
import Telemetry

/// Which configuration the relay runs on, and what became of the last one it was given.
final class ConfigurationState: Sendable {
    private let state: Mutex<SelfReadings.Configuration>
    private let limits: Mutex<Configuration.Limits>

    init(_ configuration: Configuration) {
        state = Mutex(SelfReadings.Configuration())
        limits = Mutex(configuration.limits)
        taken(configuration)
    }

    var reading: SelfReadings.Configuration { state.withLock { $0 } }

    var maxConnections: Int { limits.withLock { $0.maxConnections } }

    func taken(_ configuration: Configuration) {
        limits.withLock { $0 = configuration.limits }
        let hash = configuration.fingerprint
        state.withLock { state in
            state.hash = hash
            state.isTaken = true
            state.takenAt = Double(WallClock.unixMilliseconds()) / 1_000
        }
    }

    func refused() { state.withLock { $0.isTaken = false } }
}

extension Configuration {
    /// 48 bits over every effective value.
    fileprivate var fingerprint: UInt64 {
        let text = Schema.settings.map { "\($0.path)=\($0.show(self))\n" }.joined()
        return SHA256.hash(Array(text.utf8)).prefix(6).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
