import Identity
import LibCrypto
import Logging
import NIOCore
import NIOHTTP1
import RelayAdmin
import RelayCore
import RelayTransport
import WireProtocol

/// The log's view of connections: hashes for who, a constant text for what. Addresses are hashed with a salt of this
/// process, so that a log tells one client from another and nobody learns who they are.
final class ConnectionLog: Sendable {
    /// Of a refused order's path.
    private static let maxAskedScalars = 256

    private let logger: Logger
    private let salt: [UInt8]

    init(_ logger: Logger, relayID: String) {
        var logger = logger
        logger[metadataKey: "relay_id"] = "\(relayID)"
        self.logger = logger
        // Without randomness the hashes tell more, and nothing else suffers.
        salt = (try? SecureRandom.bytes(16)) ?? []
    }

    var journal: ConnectionJournal {
        ConnectionJournal({ entry, client in self.write(entry, client) }, paused: AcceptLog(logger).write)
    }

    func write(_ entry: ConnectionJournal.Entry, _ client: String) {
        switch entry {
        case .opened:
            logger.audit(.connectionEstablished, fields(nil, client))
        case .turnedAway(let limit):
            logger.audit(.rateLimit, fields(nil, client, ["reason": "\(limit.rawValue)"]))
        case .proxyRefused(let result):
            logger.audit(.proxyHeader, fields(nil, client, ["reason": "\(result.rawValue)"]))
        case .tlsFailed(let cause): logger.audit(.tlsFailure, fields(nil, client, ["reason": "\(cause.rawValue)"]))
        case .connected(let agent, let extensions, let handshake):
            logger.audit(
                .authSuccess,
                fields(
                    agent,
                    client,
                    ["handshake_ms": "\(handshake / 1_000_000)", "extensions": "\(names(extensions))"]
                )
            )
        case .refused(let agent, let code):
            logger.audit(code.isLimit ? .rateLimit : .authFailure, fields(agent, client, ["reason": "\(code.reason)"]))
        case .replayed(let agent):
            logger.audit(.replay, fields(agent, client))
        case .messageRateExceeded(let agent):
            logger.audit(.rateLimit, fields(agent, client, ["reason": "message_rate"]))
        case .impersonated(let agent):
            logger.audit(.impersonation, fields(agent, client))
        case .disconnected(let agent, let reason, let lasted):
            closed(agent, reason, lasted, client)
        }
    }

    /// Of the HTTP listener, whose proxies are not asked for whom they speak.
    func orderRefused(_ fault: HTTPFault, _ request: AdminRequest) {
        let asked: Logger.Metadata = [
            "reason": "\(fault.rawValue)", "method": "\(start(of: request.method.rawValue))",
            "path": "\(start(of: request.path))",
        ]
        logger.audit(.orderRefused, fields(nil, request.peer?.ipAddress ?? "", asked))
    }

    /// Of what anybody may have written. Counted in scalars, of which one character may be made of any number.
    private func start(of text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(Self.maxAskedScalars)))
    }

    private func closed(
        _ agent: AgentHash?,
        _ reason: CloseReason,
        _ lasted: MonotonicNanoseconds,
        _ client: String
    ) {
        let isSlow = reason == .slowConsumer
        logger.audit(
            .connectionClosed,
            level: isSlow ? .warning : nil,
            message: isSlow ? "slow consumer closed" : nil,
            fields(agent, client, ["reason": "\(reason.rawValue)", "lasted_s": "\(lasted / .seconds(1))"])
        )
    }

    private func fields(_ agent: AgentHash?, _ client: String, _ rest: Logger.Metadata = [:]) -> Logger.Metadata {
        var fields = rest
        if let agent { fields["agent_id_hash"] = "\(agent)" }
        fields["client_ip_hash"] = "\(Hex.encode(SHA256.hash(salt + Array(client.utf8)).prefix(8)))"
        return fields
    }

    private func names(_ extensions: [Extension]) -> String {
        extensions.map(\.rawValue).joined(separator: ",")
    }
}

extension AuthFailCode {
    fileprivate var isLimit: Bool { self == .rateLimited || self == .tooManyConnections }

    /// `signature_invalid` of AUTH_SIGNATURE_INVALID, as the drafts write it in logs.
    fileprivate var reason: String { String(rawValue.dropFirst("AUTH_".count)).lowercased() }
}
