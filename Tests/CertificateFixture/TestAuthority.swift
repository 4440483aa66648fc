public import Foundation
import ProgramFixture

/// An authority of a test's own, made by the openssl command in a folder that goes with it.
public final class TestAuthority: Sendable {
    public enum Key: String, Sendable, CaseIterable {
        case p256, p384, rsa, ed25519

        fileprivate var arguments: [String] {
            switch self {
            case .p256: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            case .p384: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"]
            case .rsa: ["-newkey", "rsa:2048"]
            case .ed25519: ["-newkey", "ed25519"]
            }
        }
    }

    public struct Issued: Sendable {
        public let certificate: String
        public let key: String

        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    struct Failed: Error {
        let output: String
    }

    public let folder: URL

    /// Its own certificate, for those who are to trust it.
    public var file: String { path("ca.pem") }

    public init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "ca-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try openssl(
            ["req", "-x509", "-nodes", "-subj", "/CN=test authority", "-days", "90"] + Key.p256.arguments
                + ["-keyout", path("ca.key"), "-out", path("ca.pem")]
        )
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// - Parameters:
    ///   - names: as openssl writes them in subjectAltName.
    ///   - days: of its life; below zero it has expired.
    ///   - more: as they stand in openssl's configuration.
    public func issue(
        _ name: String = "relay",
        key: Key = .p256,
        names: [String] = ["DNS:localhost", "IP:127.0.0.1"],
        days: Int = 30,
        extensions more: [String] = []
    ) throws -> Issued {
        let issued = Issued(certificate: path("\(name).crt"), key: path("\(name).key"))
        let extensions = path("\(name).ext")
        let lines = ["subjectAltName=\(names.joined(separator: ","))", "basicConstraints=critical,CA:FALSE"] + more
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: extensions))
        try openssl(
            ["req", "-new", "-nodes", "-subj", "/CN=\(name)"] + key.arguments
                + ["-keyout", issued.key, "-out", path("\(name).csr")]
        )
        try openssl([
            "x509", "-req", "-in", path("\(name).csr"), "-CA", file, "-CAkey", path("ca.key"), "-set_serial",
            "\(Int.random(in: 1 ... .max))", "-days", "\(days)", "-extfile", extensions, "-out", issued.certificate,
        ])
        return issued
    }

    /// A file with what this authority says of a certificate, in DER.
    /// - Parameter minutes: until it says something newer.
    public func ocspResponse(
        for issued: Issued,
        _ name: String = "response",
        isRevoked: Bool = false,
        minutes: Int = 60
    ) throws -> String {
        let serial = try openssl(["x509", "-in", issued.certificate, "-noout", "-serial"])
        let digits = serial.drop { $0 != "=" }.filter(\.isHexDigit)
        let state = isRevoked ? "R\t991231235959Z\t260101000000Z" : "V\t991231235959Z\t"
        let (index, request, response) = (path("\(name).txt"), path("\(name).req"), path("\(name).der"))
        try Data("\(state)\t\(digits)\tunknown\t/CN=relay\n".utf8).write(to: URL(filePath: index))
        try openssl(["ocsp", "-issuer", file, "-cert", issued.certificate, "-no_nonce", "-reqout", request])
        try openssl([
            "ocsp", "-index", index, "-CA", file, "-rsigner", file, "-rkey", path("ca.key"), "-nmin", "\(minutes)",
            "-reqin", request, "-respout", response,
        ])
        return response
    }

    /// - Returns: what it printed.
    @discardableResult
    public func openssl(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, output)
        process.standardInput = FileHandle.nullDevice
        try process.runInTurn()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(output: text) }
        return text
    }

    public func path(_ name: String) -> String { folder.appending(path: name).path }
}
