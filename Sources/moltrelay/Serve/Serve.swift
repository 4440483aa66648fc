import FoundationEssentials
import Glibc
import Logging
import NIOCore
import RelayAdmin
import RelayCore
import RelayStores
import RelayTransport
import Telemetry
import UnixSignals

/// `moltrelay serve`, once its configuration is known to be good.
enum Serve {
    /// - Parameter load: reads the same layers again, for SIGHUP.
    static func run(_ configuration: Configuration, load: @escaping @Sendable () -> LoadedConfiguration) async throws {
        // A reload or a rotation that comes while the relay starts must not end it.
        signal(SIGHUP, SIG_IGN)
        let log = try LogBackend(
            configuration.logDestination,
            format: configuration.logFormat,
            level: configuration.logLevel
        )
        LoggingSystem.bootstrap({ log.handler(label: $0, metadataProvider: $1) }, metadataProvider: .tracing)
        let logger = Logger(label: "moltrelay")
        let service = ServiceReport(environment: ProcessInfo.processInfo.environment, logger: logger)
        service.starting()
        do {
            let relay = try await ServeComposition(configuration: configuration, log: log, logger: logger).start()
            // Before anybody can know that it runs, and tell it to end.
            let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
            announce(relay)
            FirstSteps(relay)?.tell(after: log)
            await withTaskGroup { group in
                // Until the end: a store that takes its time to close is no hang.
                group.addTask { try? await relay.checks.run() }
                group.addTask { try? await relay.watchMemory() }
                group.addTask { try? await service.run(relay) }
                let reload = Reload(relay, load: load)
                relay.attach(reload)
                group.addTask { await reload.watchCertificate() }
                if let certificate = relay.certificate {
                    group.addTask { await certificate.automatic?.run(proving: certificate.tls) }
                }
                await serve(relay, reload, service, untilTold: signals)
                await relay.stop()
                group.cancelAll()
            }
            logger.notice("relay stopped")
            log.close(within: .seconds(2))
        } catch {
            logger.critical("relay did not start", metadata: ["reason": "\(error)"])
            service.failed(error)
            log.close(within: .seconds(2))
            throw error
        }
    }

    private static func announce(_ relay: RunningRelay) {
        var metadata: Logger.Metadata = ["version": "\(BuildIdentity.version)", "store": "\(relay.choice.kind)"]
        for listener in relay.listeners { metadata[listener.name] = "\(listener.address)" }
        let configuration = relay.configuration
        if let spill = relay.choice.spill {
            metadata["spill"] = "\(configuration.storage.spill.path ?? "")"
            // Of an earlier run, while the store was away.
            metadata["spilled_messages"] = "\(spill.statistics.messages)"
        }
        if !configuration.auth.requireAuth {
            relay.logger.warning("auth.require_auth is false: anybody may connect as any agent")
        }
        if relay.choice.queue != nil, configuration.queue.storage == .memory {
            relay.logger.warning("queue.storage is memory: queued messages do not survive this process")
        }
        if let certificate = relay.certificate {
            certificate.tell(relay.logger)
        } else {
            relay.logger.warning(
                "agents connect without TLS",
                metadata: ["websocket": metadata["websocket"] ?? ""]
            )
        }
        relay.logger.notice("relay started", metadata: metadata)
    }

    /// The first SIGTERM or SIGINT drains, the second leaves at once. SIGHUP reloads.
    private static func serve(
        _ relay: RunningRelay,
        _ reload: Reload,
        _ service: ServiceReport,
        untilTold signals: UnixSignalsSequence
    ) async {
        let first = relay.loops.group.any().makePromise(of: UnixSignal.self)
        await withTaskGroup { group in
            group.addTask { await relay.tracing?.run(relay.instruments) }
            group.addTask { await listen(to: signals, relay, reload, service, first) }
            let signal = try? await first.futureResult.get()
            let drain = relay.configuration.server.drain
            service.stopping(within: drain.limit(skippingReadinessDelay: signal == .sigint))
            await relay.drain(skippingReadinessDelay: signal == .sigint)
            group.cancelAll()
        }
    }

    private static func listen(
        to signals: UnixSignalsSequence,
        _ relay: RunningRelay,
        _ reload: Reload,
        _ service: ServiceReport,
        _ first: EventLoopPromise<UnixSignal>
    ) async {
        var isLeaving = false
        for await signal in signals {
            guard signal != .sighup else {
                service.whileReloading { reload.perform() }
                continue
            }
            if isLeaving { leaveAtOnce(relay) }
            isLeaving = true
            first.succeed(signal)
        }
        // Cancelled before a signal came: nobody waits for it any more.
        if !isLeaving { first.fail(CancellationError()) }
    }

    private static func leaveAtOnce(_ relay: RunningRelay) {
        relay.logger.warning("second signal: leaving without draining")
        relay.log.close(within: .seconds(1))
        exit(1)
    }
}

extension Configuration {
    var logFormat: LogFormat {
        logging.format == .json ? .json : .text(for: logDestination)
    }
}
