public import CertificateFixture
import Foundation
import ProgramFixture

/// Debian's ACME test server, and the names it asks for, all of which are 127.0.0.1. It forgets everything at its end.
public final class Pebble {
    public struct Behaviour {
        public var certificateSeconds: Int?
        /// Of a hundred good nonces it refuses so many.
        public var refusedNonces = 5
        /// Of a hundred authorizations that still hold it takes so many.
        public var reusedAuthorizations = 50
        /// It looks for proofs where nobody listens.
        public var looksElsewhere = false

        public init() {}
    }

    struct NotThere: Error {
        let output: String
    }

    /// An address that stays while the server comes and goes.
    public struct Place {
        public let authority: TestAuthority
        public let acme: Int
        let management: Int
        /// Where it looks for proofs.
        public let http: Int
        public let tls: Int
        fileprivate let elsewhere: Int
        fileprivate let issued: TestAuthority.Issued

        public init() throws {
            authority = try TestAuthority()
            issued = try authority.issue("pebble")
            (acme, management) = (try FreePort.tcp(), try FreePort.tcp())
            (http, tls, elsewhere) = (try FreePort.tcp(), try FreePort.tcp(), try FreePort.tcp())
        }

        public var directory: String { "https://localhost:\(acme)/dir" }
    }

    public let place: Place
    private let names: RunningProgram
    private let server: RunningProgram

    public init(at place: Place, _ behaviour: Behaviour = Behaviour()) throws {
        self.place = place
        let (dns, management) = (try FreePort.udp(), try FreePort.tcp())
        names = try RunningProgram(
            [
                "pebble-challtestsrv", "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "",
                "-dns01", "127.0.0.1:\(dns)", "-management", "127.0.0.1:\(management)",
            ],
            files: [:]
        )
        server = try RunningProgram(
            [
                "env", "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=\(behaviour.refusedNonces)",
                "PEBBLE_AUTHZREUSE=\(behaviour.reusedAuthorizations)", "pebble", "-strict=true", "-config",
                "FOLDER/pebble.json", "-dnsserver", "127.0.0.1:\(dns)",
            ],
            files: ["pebble.json": Self.configuration(place, behaviour)]
        )
        try server.waitForLine { $0.contains("ACME directory available") }
        _ = try root()
    }

    private static func configuration(_ place: Place, _ behaviour: Behaviour) -> String {
        let tls = behaviour.looksElsewhere ? place.elsewhere : place.tls
        let validity = behaviour.certificateSeconds.map { "\"certificateValidityPeriod\": \($0)," } ?? ""
        return """
            {"pebble": {"listenAddress": "127.0.0.1:\(place.acme)",
              "managementListenAddress": "127.0.0.1:\(place.management)", \(validity)
              "certificate": "\(place.issued.certificate)", "privateKey": "\(place.issued.key)",
              "httpPort": \(place.http), "tlsPort": \(tls)}}
            """
    }

    /// The authority that it issues by, in PEM; another one for each server.
    public func root() throws -> String { try ask("https://localhost:\(place.management)/roots/0") }

    private func ask(_ url: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "curl", "-sS", "--fail", "--cacert", place.authority.file, "--retry", "200", "--retry-delay", "0",
            "--retry-max-time", "30", "--retry-connrefused", url,
        ]
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, output)
        try process.runInTurn()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw NotThere(output: text) }
        return text
    }
}
