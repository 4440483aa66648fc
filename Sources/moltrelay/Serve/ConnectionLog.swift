import Identity
import Logging
import RelayCore
import RelayTransport
import Synchronization
import WireProtocol

/// The log's view of connections: hashes for who, a constant text for what. Addresses are hashed with a salt of this
/// process, so that a log tells one client from another and nobody learns who they are.
final class ConnectionLog: Sendable {
    /// Refusals written a second; an attack shows in the counters, and in how many were left out.
    private static let refusalsPerSecond = 10

    private struct Refusals {
        var second: MonotonicNanoseconds = 0
        var written = 0
        var leftOut = 0
    }

    private let logger: Logger
    private let salt: [UInt8]
    private let refusals = Mutex(Refusals())

    init(_ logger: Logger) {
        self.logger = logger
        // Without randomness the hashes tell more, and nothing else suffers.
        salt = (try? SecureRandom.bytes(16)) ?? []
    }

    var journal: ConnectionJournal {
        ConnectionJournal({ entry, client in self.write(entry, client) }, paused: AcceptLog(logger).write)
    }

    private func write(_ entry: ConnectionJournal.Entry, _ client: String) {
        switch entry {
        case .connected(let agent, let extensions, let handshake):
            logger.debug(
                "agent connected",
                metadata: fields(
                    agent,
                    client,
                    ["handshake_ms": "\(handshake / 1_000_000)", "extensions": "\(names(extensions))"]
                )
            )
        case .refused(let agent, let code): refused(agent, code, client)
        case .disconnected(let agent, let reason, let lasted):
            logger.log(
                level: reason == .slowConsumer ? .warning : .debug,
                reason == .slowConsumer ? "slow consumer closed" : "agent disconnected",
                metadata: fields(
                    agent,
                    client,
                    ["reason": "\(reason.rawValue)", "lasted_s": "\(lasted / .seconds(1))"]
                )
            )
        }
    }

    private func refused(_ agent: AgentHash?, _ code: AuthFailCode, _ client: String) {
        guard logger.logLevel <= .info, let leftOut = admitRefusal() else { return }
        var rest: Logger.Metadata = ["code": "\(code.rawValue)"]
        if leftOut > 0 { rest["left_out"] = "\(leftOut)" }
        logger.info("agent refused", metadata: fields(agent, client, rest))
    }

    /// How many were left out since the last one that was written; nil where this one is left out too.
    private func admitRefusal() -> Int? {
        let second = MonotonicNanoseconds(ContinuousClock.now.secondsSinceStart)
        return refusals.withLock { refusals in
            if refusals.second != second {
                refusals.second = second
                refusals.written = 0
            }
            guard refusals.written < Self.refusalsPerSecond else {
                refusals.leftOut += 1
                return nil
            }
            refusals.written += 1
            defer { refusals.leftOut = 0 }
            return refusals.leftOut
        }
    }

    private func fields(_ agent: AgentHash?, _ client: String, _ rest: Logger.Metadata) -> Logger.Metadata {
        var fields = rest
        if let agent { fields["agent_id_hash"] = "\(agent)" }
        fields["client_ip_hash"] = "\(Hex.encode(SHA256.hash(salt + Array(client.utf8)).prefix(8)))"
        return fields
    }

    private func names(_ extensions: [Extension]) -> String {
        extensions.map(\.rawValue).joined(separator: ",")
    }
}

extension ContinuousClock.Instant {
    private static let start = ContinuousClock.now

    fileprivate var secondsSinceStart: Int64 { (self - Self.start).components.seconds }
}
