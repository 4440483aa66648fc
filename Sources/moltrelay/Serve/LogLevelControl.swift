import Logging
import NIOCore
import RelayAdmin
import RelayCore
import Synchronization
import Telemetry

/// The level of every logger, while the relay runs: from the configuration, its reload, and `moltrelay log-level`.
final class LogLevelControl: Sendable {
    /// As long as any span on the command line.
    private static let maxSeconds: UInt64 = 36_525 * 86_400

    private let log: LogBackend
    /// Heard at every level: who silences the log is told in it.
    private let logger: Logger
    private let loop: any EventLoop
    private let state: Mutex<LogLevelState>

    /// - Parameter loop: times the end of a level set by hand.
    init(_ log: LogBackend, _ logger: Logger, on loop: any EventLoop) {
        self.log = log
        self.loop = loop
        var logger = logger
        logger.logLevel = .notice
        self.logger = logger
        state = Mutex(LogLevelState(configured: log.level))
    }

    var document: LogLevelDocument { state.withLock { describe($0) } }

    func reloaded(_ level: Logger.Level) {
        state.withLock { state in
            state.reloaded(level)
            log.level = state.level
        }
    }

    func carryOut(_ order: LogLevelOrder) throws(AdminRefusal) -> LogLevelDocument {
        guard let name = order.level else { return reset() }
        guard let level = Configuration.Logging.Level(rawValue: name)?.level else {
            let names = Configuration.Logging.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw AdminRefusal("level is one of \(names), not \(name)")
        }
        guard let seconds = order.forSeconds, (1...Self.maxSeconds).contains(seconds) else {
            throw AdminRefusal("for_seconds is a number of seconds, from 1 to \(Self.maxSeconds)")
        }
        return set(level, for: .seconds(Int64(seconds)))
    }

    private func set(_ level: Logger.Level, for span: TimeAmount) -> LogLevelDocument {
        let end = NIODeadline.now() + span
        let document = state.withLock { state in
            state.set(level, until: end.uptimeNanoseconds)
            log.level = level
            return describe(state)
        }
        loop.scheduleTask(deadline: end) { self.timePassed() }
        tell("log level set by hand", document)
        return document
    }

    private func reset() -> LogLevelDocument {
        let (wasSet, document) = state.withLock { state in
            let wasSet = state.reset()
            log.level = state.level
            return (wasSet, describe(state))
        }
        if wasSet { tell("log level reset by hand", document) }
        return document
    }

    private func timePassed() {
        let document = state.withLock { state -> LogLevelDocument? in
            guard state.timePassed(to: NIODeadline.now().uptimeNanoseconds) else { return nil }
            log.level = state.level
            return describe(state)
        }
        if let document { tell("log level is the configured one again", document) }
    }

    private func tell(_ what: Logger.Message, _ document: LogLevelDocument) {
        var fields: Logger.Metadata = ["to": "\(document.level)"]
        if let until = document.until { fields["until"] = "\(until)" }
        logger.audit(.logLevelChanged, message: what, fields)
    }

    private func describe(_ state: LogLevelState) -> LogLevelDocument {
        let until = state.byHand.map { byHand in
            let left = byHand.until - min(byHand.until, NIODeadline.now().uptimeNanoseconds)
            return RFC3339.string(unixMilliseconds: WallClock.unixMilliseconds() + Int64(left / 1_000_000))
        }
        return LogLevelDocument(
            level: Configuration.Logging.Level(state.level).rawValue,
            configured: Configuration.Logging.Level(state.configured).rawValue,
            until: until
        )
    }
}

extension Configuration.Logging.Level {
    var level: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warn: .warning
        case .error: .error
        }
    }

    /// Of a level that came from here.
    init(_ level: Logger.Level) {
        self = Self.allCases.first { $0.level >= level } ?? .error
    }
}
