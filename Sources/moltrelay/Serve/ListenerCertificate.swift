import ACME
import Glibc
import Logging
import NIOCore
import RelayTLS
import RelayTelemetry
import Synchronization
import Telemetry

/// The certificate that agents see, and TLS with it. Its files may change while it is in use; what cannot serve does
/// not take the place of what does.
final class ListenerCertificate: Sendable {
    enum Reloading: Sendable, Equatable {
        case unchanged
        case taken
        case refused(reason: String)
    }

    private struct State {
        var files: [CertificateFiles]
        /// As they were before they were last read.
        var stamps: [FileStamp?]
        /// Why the last reading was not taken.
        var refusal: String?
        var reading = SelfReadings.Certificate()
    }

    let tls: TLSServer
    /// nil where the files are an operator's.
    let automatic: AutomaticCertificate?
    private let state: Mutex<State>

    /// nil where agents are served without TLS.
    init?(_ configuration: Configuration, logger: Logger) throws {
        automatic = try AutomaticCertificate(configuration, logger: logger)
        let files = configuration.server.tls.files(automatic: automatic?.folder.files)
        guard !files.isEmpty else { return nil }
        let stamps = FileStamp.all(files)
        tls = try TLSServer(
            Self.first(files, mayLack: automatic != nil),
            settings: configuration.server.tls.settings,
            clock: { NIODeadline.now().uptimeNanoseconds }
        )
        state = Mutex(State(files: files, stamps: stamps))
    }

    /// - Parameter mayLack: the first; another will be ordered, so nothing that is wrong with it ends the start.
    private static func first(_ files: [CertificateFiles], mayLack: Bool) throws -> [ServerCertificate] {
        do { return try files.map { try ServerCertificate($0, now: now) } } catch {
            guard mayLack else { throw error }
            return try files.dropFirst().map { try ServerCertificate($0, now: now) }
        }
    }

    static var now: Int64 { WallClock.unixMilliseconds() / 1_000 }

    /// DNS names and addresses that clients may dial us by.
    var names: [String] { tls.certificates.flatMap(\.names) }

    /// Seconds since 1970; of several the one that ends first.
    var notAfter: Int64 { tls.certificates.map(\.notAfter).min() ?? 0 }

    /// What is left of a certificate when there is reason to worry: two weeks, but of one that is renewed by
    /// itself no more than half of what its renewal leaves.
    var leastSeconds: Int64 {
        guard automatic != nil, let certificate = tls.certificates.first else {
            return HealthReport.leastCertificateSeconds
        }
        return min(HealthReport.leastCertificateSeconds, (certificate.notAfter - certificate.notBefore) / 6)
    }

    var refusal: String? { state.withLock { $0.refusal } }

    var reading: SelfReadings.Certificate {
        var reading = state.withLock { $0.reading }
        reading.notAfter = Double(notAfter)
        if let automatic {
            reading.renewal = Double(automatic.next)
            reading.orders = automatic.results
        }
        return reading
    }

    /// Reads the files again, also where they look as they did.
    func reload(_ files: [CertificateFiles]) -> Reloading {
        state.withLock { state in
            state.files = files
            return read(&state)
        }
    }

    /// Reads the files where they changed. Kubernetes changes none, but the link on the way to them.
    func reloadIfChanged() -> Reloading {
        state.withLock { state in
            FileStamp.all(state.files) == state.stamps ? .unchanged : read(&state)
        }
    }

    private func read(_ state: inout State) -> Reloading {
        // Before they are read: what is written meanwhile is a change again.
        state.stamps = FileStamp.all(state.files)
        do {
            let next = try state.files.map { try ServerCertificate($0, now: Self.now) }
            let isSame = tls.certificates.map(\.fingerprint) == next.map(\.fingerprint)
            // Also where they are the same: an OCSP response is renewed more often than its certificate.
            try tls.use(next)
            state.refusal = nil
            guard !isSame else { return .unchanged }
            state.reading.taken += 1
            return .taken
        } catch {
            state.refusal = "\(error)"
            state.reading.refused += 1
            return .refused(reason: "\(error)")
        }
    }
}

/// Whether a file is the one it was.
private struct FileStamp: Equatable, Sendable {
    private let device, inode, size, seconds, nanoseconds: Int

    /// nil where there is no such file.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = Int(status.st_dev)
        inode = Int(status.st_ino)
        size = Int(status.st_size)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }

    static func all(_ files: [CertificateFiles]) -> [FileStamp?] { files.flatMap(\.all).map { Self($0) } }
}

extension Configuration.Server.TLS {
    /// Empty without TLS. The first is for whoever asks for no name of the others.
    /// - Parameter automatic: of the certificate that an authority issues, in place of the operator's first.
    func files(automatic: CertificateFiles?) -> [CertificateFiles] {
        let own = pair.map { CertificateFiles(certificate: $0.certificate, key: $0.key, ocspResponse: ocspFile) }
        guard let first = automatic ?? own else { return [] }
        return [first] + certificates.map { CertificateFiles(certificate: $0.certFile, key: $0.keyFile) }
    }

    fileprivate var settings: TLSServerSettings {
        var settings = TLSServerSettings(minimum: minVersion == .tls13 ? .tls13 : .tls12)
        if clientCertificates != .none, let clientCAFile {
            settings.clients = .init(authorities: clientCAFile, isRequired: clientCertificates == .required)
        }
        return settings
    }
}

extension ListenerCertificate {
    /// At the start, and once another is taken.
    func tell(_ logger: Logger) {
        if tls.certificates.isEmpty {
            logger.warning("no certificate yet: agents cannot connect before the authority issues one")
        }
        for certificate in tls.certificates {
            logger.notice("agents connect with TLS", metadata: certificate.fields)
            if let nextUpdate = certificate.ocspNextUpdate, nextUpdate <= Self.now {
                logger.warning(
                    "the OCSP response is too old to be given to agents, fetch another",
                    metadata: ["file": "\(certificate.files.ocspResponse ?? "")"]
                )
            }
            guard certificate.isKeyExposed else { continue }
            logger.warning(
                "others than its owner can read the certificate's key",
                metadata: ["file": "\(certificate.files.key)"]
            )
        }
    }

    func tell(_ reloading: Reloading, _ logger: Logger) {
        switch reloading {
        case .unchanged: break
        case .taken: tell(logger)
        case .refused(let reason):
            let expires = RFC3339.string(unixMilliseconds: notAfter * 1_000)
            logger.error(
                "certificate not reloaded, the one before stands",
                metadata: ["reason": "\(reason)", "expires": "\(expires)"]
            )
        }
    }
}

extension ServerCertificate {
    fileprivate var fields: Logger.Metadata {
        [
            "certificate": "\(files.certificate)", "names": "\(names.joined(separator: ","))",
            "expires": "\(RFC3339.string(unixMilliseconds: notAfter * 1_000))", "fingerprint": "\(fingerprint)",
        ]
    }
}
