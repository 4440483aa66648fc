import ACME
import Identity
import Logging
import RelayAdmin
import RelayTransport
import Synchronization
import Telemetry

/// What SIGHUP does: reopens the log, reads the configuration again, applies what can change while agents are
/// connected, and tells by key what needs a restart. A certificate is also taken where its files change.
final class Reload: Sendable {
    /// Between two looks at the certificate's files.
    private static let interval = Duration.seconds(2)

    let relay: RunningRelay
    /// The layers `serve` started from, read anew.
    let load: @Sendable () -> LoadedConfiguration
    /// Locked for as long as anything is reloaded.
    private let running: Mutex<Configuration>
    /// What the layers said when they were last taken.
    private let last: Mutex<LoadedConfiguration>

    init(_ relay: RunningRelay, load: @escaping @Sendable () -> LoadedConfiguration) {
        self.relay = relay
        self.load = load
        running = Mutex(relay.configuration)
        last = Mutex(load())
    }

    @discardableResult
    func perform() -> ReloadDocument { running.withLock { perform(&$0) } }

    /// What the relay runs on.
    var document: ConfigurationDocument {
        let (running, last) = (running.withLock { $0 }, last.withLock { $0 })
        return ConfigurationDocument(
            file: last.report.file,
            settings: zip(Schema.settings, last.effective).map { setting, effective in
                let isPending = setting.show(running) != setting.show(last.configuration)
                return ConfigurationDocument.Setting(
                    key: setting.path,
                    value: isPending ? setting.shown(running) : effective.value,
                    origin: isPending ? "at the start" : effective.origin.description(in: last.report.file),
                    pending: isPending ? effective.value : nil
                )
            }
        )
    }

    /// Until it is cancelled.
    func watchCertificate() async {
        guard let certificate = relay.certificate else { return }
        while (try? await Task.sleep(for: Self.interval)) != nil {
            running.withLock { running in
                let reloading = certificate.reloadIfChanged()
                certificate.tell(reloading, relay.logger)
                if reloading == .taken { relay.updateAuthenticator(running) }
            }
        }
    }

    private func perform(_ running: inout Configuration) -> ReloadDocument {
        relay.log.reopen()
        relay.logger.notice("log reopened")
        let loaded = load()
        guard loaded.report.isAcceptable else {
            relay.configurationState.refused()
            relay.logger.error(
                "configuration not reloaded, the one before stands",
                metadata: ["findings": tell(loaded.report.findings, loaded.report)]
            )
            return ReloadDocument(taken: false, changed: [], restart: [], findings: words(loaded.report))
        }
        last.withLock { $0 = loaded }
        return apply(running.reloaded(from: loaded.configuration), loaded, &running)
    }

    private func words(_ report: ConfigurationReport) -> [String] { report.findings.map(report.line) }

    private func apply(_ next: Configuration, _ loaded: LoadedConfiguration, _ running: inout Configuration)
        -> ReloadDocument
    {
        let changed = Schema.paths(differing: running, next)
        let kept = Schema.paths(differing: next, loaded.configuration)
        let isRateNew = Self.rates(running) != Self.rates(next)
        running = next
        relay.configurationState.taken(next)
        if isRateNew { relay.loops.limit(by: next.messageRates) }
        relay.apply(next)
        relay.logLevel.reloaded(next.logLevel)
        // An authority may not have issued its first yet.
        if let certificate = relay.certificate, certificate.automatic == nil || !certificate.names.isEmpty {
            let files = next.server.tls.files(automatic: certificate.automatic?.folder.files)
            certificate.tell(certificate.reload(files), relay.logger)
        }
        relay.updateAuthenticator(next)
        relay.tokens.reload(next, relay.logger)
        relay.logger.notice("configuration reloaded", metadata: ["changed": .array(changed.map { .string($0) })])
        if !kept.isEmpty {
            relay.logger.warning("changed keys need a restart", metadata: ["keys": .array(kept.map { .string($0) })])
        }
        if !next.auth.requireAuth {
            relay.logger.warning("auth.require_auth is false: anybody may connect as any agent")
        }
        if !loaded.report.findings.isEmpty {
            relay.logger.warning(
                "configuration has warnings",
                metadata: ["findings": tell(loaded.report.findings, loaded.report)]
            )
        }
        return ReloadDocument(taken: true, changed: changed, restart: kept, findings: words(loaded.report))
    }

    private static func rates(_ configuration: Configuration) -> [Int] {
        [configuration.limits.messagesPerAgentPerMinute, configuration.limits.bytesPerAgentPerMinute]
    }

    private func tell(_ findings: [Finding], _ report: ConfigurationReport) -> Logger.MetadataValue {
        .array(findings.map { .string(report.line($0)) })
    }
}

extension Configuration {
    /// This configuration with what can change in a running relay taken from `new`. Agents already connected stay.
    func reloaded(from new: Configuration) -> Configuration {
        var next = self
        next.logging.level = new.logging.level
        next.auth.requireAuth = new.auth.requireAuth
        next.auth.allowAnonymous = new.auth.allowAnonymous
        next.auth.trustedOrgs = new.auth.trustedOrgs
        next.limits = new.limits
        // Connections that are open have outboxes of the size they began with.
        next.limits.outboxMaxBytes = limits.outboxMaxBytes
        next.limits.slowConsumerGraceMilliseconds = limits.slowConsumerGraceMilliseconds
        // Unset, the names accepted follow from the address listened on, and that stays.
        next.server.publicNames = new.server.publicNames
        // So is whether a token lets in anybody.
        if next.health.tokenFile != nil, new.health.tokenFile != nil { next.health.tokenFile = new.health.tokenFile }
        if next.admin.http, new.admin.tokenFile != nil { next.admin.tokenFile = new.admin.tokenFile }
        // Whether there is TLS at all is the listener's, which stays.
        if next.server.tls.pair != nil, new.server.tls.pair != nil {
            next.server.tls.certFile = new.server.tls.certFile
            next.server.tls.keyFile = new.server.tls.keyFile
            next.server.tls.ocspFile = new.server.tls.ocspFile
            next.server.tls.certificates = new.server.tls.certificates
        }
        return next
    }
}

extension Schema {
    fileprivate static func paths(differing old: Configuration, _ new: Configuration) -> [String] {
        settings.filter { $0.show(old) != $0.show(new) }.map(\.path)
    }
}
