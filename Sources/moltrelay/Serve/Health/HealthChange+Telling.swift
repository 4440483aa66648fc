import Logging
import RelayTelemetry
import Telemetry

extension HealthChange {
    /// A log line and a count for each.
    func tell(_ logger: Logger, _ instruments: HealthInstruments) {
        switch self {
        case .checkTurned(let name, let before, let verdict, let reason, _):
            instruments.turned(check: name, to: verdict)
            var metadata: Logger.Metadata = ["check": "\(name)", "verdict": "\(verdict.rawValue)"]
            if let before { metadata["from"] = "\(before.rawValue)" }
            if let reason { metadata["reason"] = "\(reason)" }
            logger.log(level: verdict.level(from: before), "health check turned", metadata: metadata)
        case .latchHeld(let name, let reason, _):
            instruments.turned(check: name, to: .fail)
            logger.info("readiness held", metadata: ["latch": "\(name)", "reason": "\(reason)"])
        case .latchReleased(let name, _):
            instruments.turned(check: name, to: .pass)
            logger.debug("readiness latch released", metadata: ["latch": "\(name)"])
        case .tierTurned(let tier, let isHealthy, _):
            instruments.turned(tier: tier.rawValue, isHealthy: isHealthy)
            logger.notice("health turned", metadata: ["tier": "\(tier.rawValue)", "healthy": "\(isHealthy)"])
        }
    }
}

extension HealthVerdict {
    /// That all is well at the start is no news.
    fileprivate func level(from before: HealthVerdict?) -> Logger.Level {
        switch self {
        case .pass: before == nil ? .debug : .info
        case .warn: .warning
        case .fail: .error
        }
    }
}
