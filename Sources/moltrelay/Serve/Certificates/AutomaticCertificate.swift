import ACME
import HTTPClient
import Logging
import NIOPosix
import RelayAdmin
import RelayTLS
import RelayTelemetry
import Synchronization
import Telemetry

/// Certificates from an ACME authority: ordered where there is none that will do, renewed well before they end, and
/// ordered again, less and less often, where that fails. What was issued lies in the state folder, and is taken from
/// there as any certificate whose file changed.
final class AutomaticCertificate: Sendable {
    private struct State {
        var schedule: RenewalSchedule
        /// Of the last order, where it came to nothing.
        var failure: OrderFailure?
        var results: [CertificateOrderResult: UInt64] = [:]
        /// What is answered over HTTP, by token, while an order is under way.
        var answers: [String: String] = [:]
    }

    /// A wall clock may be set, and a machine sleep: nobody waits longer without a look at it.
    private static let longestSleep: Int64 = 60

    let terms: OrderTerms
    let folder: CertificateFolder
    private let issuer: Issuer
    private let logger: Logger
    private let state: Mutex<State>

    /// nil where certificates are an operator's business.
    init?(_ configuration: Configuration, logger: Logger) throws {
        let tls = configuration.server.tls
        guard tls.isAutomatic, let stateFolder = configuration.stateFolder else { return nil }
        let directory = try HTTPEndpoint(tls.acmeDirectory)
        terms = tls.orderTerms
        folder = CertificateFolder(in: stateFolder, authority: directory.origin.description)
        let client: TLSClient
        do { client = try TLSClient(authorities: tls.acmeCAFile) } catch {
            throw StartError(text: "server.tls.acme_ca_file: \(error)")
        }
        issuer = Issuer(
            // None of the loops that carry messages.
            on: MultiThreadedEventLoopGroup.singleton.any(),
            tls: client,
            userAgent: "moltrelay/\(BuildIdentity.version)",
            now: { ListenerCertificate.now }
        )
        self.logger = logger
        state = Mutex(State(schedule: RenewalSchedule(at: ListenerCertificate.now)))
        if let certificate = try? ServerCertificate(folder.files, now: ListenerCertificate.now) { plan(certificate) }
    }

    /// Where it lacks a name, the next order is due now.
    private func plan(_ certificate: ServerCertificate) {
        guard certificate.missing(of: terms.domains).isEmpty else { return }
        state.withLock {
            $0.schedule.installed(
                notBefore: certificate.notBefore,
                notAfter: certificate.notAfter,
                chance: Double.random(in: 0..<1)
            )
        }
    }

    /// Until it is cancelled.
    func run(proving tls: TLSServer) async {
        while !Task.isCancelled {
            let left = next - ListenerCertificate.now
            guard left <= 0 else {
                try? await Task.sleep(for: .seconds(min(left, Self.longestSleep)))
                continue
            }
            await order(proving: tls)
        }
    }

    private func order(proving tls: TLSServer) async {
        logger.info("certificate ordered", metadata: fields)
        defer {
            tls.endProofs()
            state.withLock { $0.answers = [:] }
        }
        do throws(OrderFailure) {
            let issued = try await issuer.obtain(terms, account: folder.accountKey()) { try putUp($0, tls) }
            let certificate = try folder.install(issued, for: terms.domains, now: ListenerCertificate.now)
            finished(certificate)
        } catch {
            // The relay leaves; that is no failure.
            if !Task.isCancelled { failed(error) }
        }
    }

    private func putUp(_ proof: Proof, _ tls: TLSServer) throws {
        switch proof.kind {
        case .tlsALPN01: try tls.prove(proof.domain, keyAuthorization: proof.keyAuthorization)
        case .http01: state.withLock { $0.answers[proof.token] = proof.keyAuthorization }
        }
    }

    private func finished(_ certificate: ServerCertificate) {
        plan(certificate)
        state.withLock { state in
            state.failure = nil
            state.results[.issued, default: 0] += 1
        }
        let expires = RFC3339.string(unixMilliseconds: certificate.notAfter * 1_000)
        logger.audit(.certificateIssued, fields.merging(["expires": "\(expires)", "next": "\(nextText)"]) { $1 })
    }

    private func failed(_ failure: OrderFailure) {
        let result = CertificateOrderResult(rawValue: failure.cause.rawValue) ?? .internal
        state.withLock { state in
            state.failure = failure
            state.results[result, default: 0] += 1
            state.schedule.failed(failure, at: ListenerCertificate.now, chance: Double.random(in: 0..<1))
        }
        let reason: Logger.Metadata = ["cause": "\(result.rawValue)", "reason": "\(failure)", "next": "\(nextText)"]
        logger.audit(.certificateOrderFailed, fields.merging(reason) { $1 })
    }

    private var fields: Logger.Metadata {
        ["names": "\(terms.domains.joined(separator: ","))", "authority": "\(terms.directory)"]
    }
}

extension AutomaticCertificate {
    /// Seconds since 1970.
    var next: Int64 { state.withLock { $0.schedule.next } }

    private var nextText: String { RFC3339.string(unixMilliseconds: next * 1_000) }

    /// Why there is no newer certificate; nil where none is missing.
    var complaint: String? {
        state.withLock { $0.failure }.map { "\($0); ordered again at \(nextText)" }
    }

    var results: [CertificateOrderResult: UInt64] { state.withLock { $0.results } }

    /// Of the HTTP listener.
    var routes: [String: AdminRoute] {
        guard terms.challenge == .http01 else { return [:] }
        return [
            AdminRoute.challengePath: .challenge { token in self.state.withLock { $0.answers[String(token)] } }
        ]
    }
}

extension Configuration.Server.TLS {
    fileprivate var orderTerms: OrderTerms {
        OrderTerms(
            directory: acmeDirectory,
            contact: acmeEmail,
            domains: acmeDomains.map { $0.lowercased() },
            challenge: acmeChallenge
        )
    }
}
