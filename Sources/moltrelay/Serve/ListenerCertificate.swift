import Logging
import NIOCore
import RelayTLS
import Telemetry

/// The certificate that agents see, and TLS with it.
final class ListenerCertificate: Sendable {
    let tls: TLSServer
    let files: CertificateFiles

    /// nil where agents are served without TLS.
    init?(_ configuration: Configuration.Server.TLS) throws {
        guard let pair = configuration.pair else { return nil }
        files = CertificateFiles(certificate: pair.certificate, key: pair.key)
        let certificate = try ServerCertificate(files, now: WallClock.unixMilliseconds() / 1_000)
        tls = try TLSServer(
            [certificate],
            minimum: configuration.minVersion == .tls13 ? .tls13 : .tls12,
            clock: { NIODeadline.now().uptimeNanoseconds }
        )
    }

    func tell(_ logger: Logger) {
        for certificate in tls.certificates {
            logger.notice("agents connect with TLS", metadata: certificate.fields)
            guard certificate.isKeyExposed else { continue }
            logger.warning(
                "others than its owner can read the certificate's key",
                metadata: ["file": "\(certificate.files.key)"]
            )
        }
    }

    /// DNS names and addresses that clients may dial us by.
    var names: [String] { tls.certificates.flatMap(\.names) }
}

extension ServerCertificate {
    var fields: Logger.Metadata {
        [
            "certificate": "\(files.certificate)", "names": "\(names.joined(separator: ","))",
            "expires": "\(RFC3339.string(unixMilliseconds: notAfter * 1_000))", "fingerprint": "\(fingerprint)",
        ]
    }
}
