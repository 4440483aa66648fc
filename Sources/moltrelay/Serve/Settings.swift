import Identity
import Listening
import Logging
import NIOCore
import RelayCore
import RelayTransport
import Telemetry
import WireProtocol

/// The configuration, as each room wants it.
extension Configuration {
    var relaySettings: RelaySettings {
        var settings = RelaySettings()
        settings.maxConnectionsPerAgent = limits.maxConnectionsPerAgent
        settings.outboxMaxBytes = limits.outboxMaxBytes
        settings.slowConsumerGrace = .milliseconds(UInt64(limits.slowConsumerGraceMilliseconds))
        settings.compressionThreshold = messages.compressionThreshold
        settings.maxInFlightMessages = messages.maxInFlight
        settings.retentionMilliseconds = UInt64(queue.retentionHours) * 3_600_000
        settings.tellsStoreCalls = tracing.enabled
        return settings
    }

    var messageRates: MessageRates? {
        MessageRates(
            messagesPerMinute: limits.messagesPerAgentPerMinute,
            bytesPerMinute: limits.bytesPerAgentPerMinute
        )
    }

    var queueLimits: QueueLimits {
        QueueLimits(
            maxMessagesPerAgent: queue.maxMessagesPerAgent,
            maxTotalBytes: queue.maxTotalSizeBytes,
            maxSharePerSender: queue.maxSharePerSender,
            deduplicationMaxIDs: queue.deduplicationMaxIDs
        )
    }

    func sessionConfiguration(_ identity: RelayIdentity) -> SessionConfiguration {
        SessionConfiguration(
            relayID: identity.relayID,
            relayPublicKey: identity.publicKey?.bytes,
            maxMessageBytes: messages.maxSizeBytes,
            compresses: messages.compression,
            handshakeTimeout: .milliseconds(UInt64(limits.handshakeTimeoutMilliseconds)),
            idleTimeout: .milliseconds(UInt64(limits.idleTimeoutMilliseconds)),
            keepaliveInterval: .milliseconds(UInt64(server.keepalive.intervalMilliseconds)),
            keepaliveTimeout: .milliseconds(UInt64(server.keepalive.timeoutMilliseconds)),
            maxMissedPings: server.keepalive.maxMissed
        )
    }

    var transportLimits: TransportLimits {
        TransportLimits(
            maxConnections: limits.maxConnections,
            maxSockets: OpenFileLimit.current()?.room ?? .max,
            maxConnectionsPerIP: limits.maxConnectionsPerIP,
            connectionsPerIPPerSecond: limits.connectionsPerIPPerSecond,
            connectionsPerSecond: limits.connectionRatePerSecond,
            maxConnectionsPerAgent: limits.maxConnectionsPerAgent,
            handshakeTimeout: .milliseconds(Int64(limits.handshakeTimeoutMilliseconds)),
            deflatesMessages: server.websocket.permessageDeflate
        )
    }

    var proxyTrust: ProxyTrust {
        switch server.proxy.header {
        case .none: .none
        case .proxyProtocol: ProxyTrust(.proxyProtocol, networks: server.proxy.trustedNetworks)
        case .forwardedFor: ProxyTrust(.forwardedFor, networks: server.proxy.trustedNetworks)
        }
    }

    func authPolicy(certificateNames: [String]) -> AuthPolicy {
        AuthPolicy(
            requireAuth: auth.requireAuth,
            allowAnonymous: auth.allowAnonymous,
            trustedOrgs: auth.trustedOrgs,
            authorities: acceptedAuthorities(certificateNames),
            failedAuthPerAgentPerHour: limits.failedAuthPerAgentPerHour
        )
    }

    private func acceptedAuthorities(_ certificateNames: [String]) -> AcceptedAuthorities {
        AcceptedAuthorities(
            publicNames: server.publicNames.isEmpty ? nil : server.publicNames,
            listensOnLoopback: server.listen.websocket.isLoopback,
            certificateNames: certificateNames
        )
    }

    var logLevel: Logger.Level { logging.level.level }

    var logDestination: LogDestination {
        switch logging.output {
        case .standardOutput: .standardOutput
        case .standardError: .standardError
        case .journald: .journal(JournalOptions(identifier: "moltrelay", prefix: "MOLTRELAY_"))
        case .file(let path): .file(path: path)
        }
    }
}
